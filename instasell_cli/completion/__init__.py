"""Completion in a shell: commands, options and values, ids by their titles, fields, profiles."""
