"""The shell on a terminal: pages that follow the stream, a line to type, a status bar. By prompt-toolkit."""
