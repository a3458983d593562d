"""Show the screens that only administrators see."""
