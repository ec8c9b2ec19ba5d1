"""The commands of ``python -m events``, a file each."""
