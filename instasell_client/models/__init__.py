"""The wire contract: every request, reply and event. Imports pydantic and nothing else."""
