"""The wire contract: money, text, and what requests refuse."""
