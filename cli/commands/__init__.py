"""What the commands do. A module for each kind of thing that they are about."""
