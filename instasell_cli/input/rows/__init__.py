"""Rows of files: read as they come, turned into rows of the wire, and written back."""
