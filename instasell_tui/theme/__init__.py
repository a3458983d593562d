"""Themes, stylesheets, and which of them a user prefers."""
