"""Notifications and conversations."""
