"""HTTP: the transports, what they send and read, and whose token they send."""
