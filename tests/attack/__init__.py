"""Attacks on a running server, with honest bidders beside them. See docs/security.md."""
