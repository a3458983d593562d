"""Receive what arrives while a command runs: events of auctions and accounts, and webhooks."""
