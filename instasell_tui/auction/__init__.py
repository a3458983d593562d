"""One auction: its state, its page, and bidding on it."""
