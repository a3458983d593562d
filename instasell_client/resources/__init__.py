"""The nouns of the interface, one file each."""
