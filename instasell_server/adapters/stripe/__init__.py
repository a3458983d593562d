"""Stripe behind the port `Payments`, and what stands there when no provider is configured."""
