"""`instasell admin`: the desk of those who run the market."""

from __future__ import annotations

from instasell_cli.commands.admin import alerts as admin_alerts
from instasell_cli.commands.admin import analytics as admin_figures
from instasell_cli.commands.admin import disputes as admin_disputes
from instasell_cli.commands.admin import market as admin_market
from instasell_cli.commands.admin import users as admin_users
from instasell_cli.options import group

app = group(
    "Oversee the market, and manage what is in it.",
    "admin alerts list --open",
    "admin disputes list --status open",
    "admin analytics --plot",
    "admin audit-log",
    sections={
        "Oversee": ("analytics", "alerts", "audit-log"),
        "Manage": ("users", "auctions", "listings", "orders", "disputes"),
    },
)

for name, commands in (
    ("users", admin_users.app),
    ("alerts", admin_alerts.app),
    ("disputes", admin_disputes.app),
    ("auctions", admin_market.auctions),
    ("listings", admin_market.listings),
    ("orders", admin_market.orders),
):
    app.add_typer(commands, name=name)
admin_alerts.add_log_to(app)
admin_figures.add_to(app)
