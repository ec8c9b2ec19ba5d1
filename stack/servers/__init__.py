"""The servers that the stack brings along: how each is configured, prepared and started."""
