"""The commands of ``bin/dataflix``, a file each."""
