"""Effects after a commit, and the outbox."""
