"""Formats that not every run needs: YAML, filters of jq, and templates."""
