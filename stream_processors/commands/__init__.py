"""The commands of the program beside the worker itself, one file each."""
