"""The client against peers that behave badly on purpose, and against the real server."""
