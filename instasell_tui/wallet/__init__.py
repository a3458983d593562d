"""The wallet of the user."""
