"""Orders: what is due, payment, delivery and disputes."""
