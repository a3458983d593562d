"""Redis or Valkey behind the ports: locks, caches, the bus between servers, and the limiter."""
