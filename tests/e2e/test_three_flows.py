"""The example of the three flows, in a shell against a server that runs as it would anywhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.terminals import PROGRAMS, serving
from tests.repository.source_tree import ROOT

OFF = {f"INSTASELL_RATE_LIMIT_{name}": "0" for name in ("ANONYMOUS", "SIGNED_IN")}


def wallets(part: str) -> dict[str, list[tuple[str, str, str]]]:
    """The rows of the wallets that a part of the output shows, the newest first."""
    found = {}
    for who, rows in re.findall(r"-- wallet of (\w+)\n(?:type,[^\n]*\n)?((?:\w+,[^\n]*\n)*)", part):
        found[who] = [tuple(row.split(",")) for row in rows.splitlines()]
    return found


@pytest.mark.timeout(240)
def test_the_three_flows_move_money_as_documented(folder: Path) -> None:
    with serving(f"{PROGRAMS}/instasell serve", folder, **OFF) as environment:
        ran = subprocess.run(
            ["bash", str(ROOT / "examples" / "three_flows.sh")],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    parts = ran.stdout.split("\n== ")
    assert [part.count(" 0 differences") for part in parts] == [0, 0, 1, 1, 1, 1, 1]
    _, _, auction, paid, released, disputed, resolved = parts
    assert "extended: yes" in auction
    assert "bidder-1 won at 91.00" in auction

    # Paid by card: it comes into the buyer's wallet and goes into escrow at once.
    assert "in escrow: 91.00" in paid
    bea = [("hold", "-91.00", "0.00"), ("charge", "91.00", "0.00")]
    assert [row[:2] for row in wallets(paid)["bea"]] == [row[:2] for row in bea]
    assert wallets(paid)["sam"] == []
    assert "order: delivered" in released
    assert wallets(released)["sam"] == [("release", "91.00", "91.00")]
    assert "order: disputed" in disputed
    assert wallets(disputed)["sam"] == [("release", "91.00", "91.00")]
    assert "order: delivered" in resolved
    assert wallets(resolved)["sam"][0] == ("release", "25.00", "116.00")
    assert wallets(resolved)["bea"][0] == ("refund", "15.00", "15.00")
