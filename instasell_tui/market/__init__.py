"""The connection to the market, and what every screen knows of it."""
