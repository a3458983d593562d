"""Brings letters to people: by SMTP, or into a mailbox on this machine."""
