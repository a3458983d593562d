"""Words of our own making, one list a file."""
