"""The keys, on a screen of their own."""
