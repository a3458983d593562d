"""Recordings of what the screen was sent, and their replay."""
