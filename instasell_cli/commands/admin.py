"""`instasell admin`: the desk of those who run the market."""

from __future__ import annotations

from instasell_cli.options import group

app = group("The admin's desk: people, alerts, orders and figures.")
