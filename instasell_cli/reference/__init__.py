"""The generated pages of the command line."""
