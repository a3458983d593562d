"""Join the parts of the server: engines by the settings, services by each other."""
