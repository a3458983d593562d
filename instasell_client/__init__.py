"""The typed client of InstaSell."""
