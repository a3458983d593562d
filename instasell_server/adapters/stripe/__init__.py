"""Stripe behind the port `PaymentProvider`, and what takes its place without a provider."""
