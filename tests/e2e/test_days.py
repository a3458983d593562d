"""The examples of a seller's and of an admin's day, in shells against a server as anywhere."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.terminals import PROGRAMS, serving
from tests.repository.source_tree import ROOT

OFF = {f"INSTASELL_RATE_LIMIT_{name}": "0" for name in ("ANONYMOUS", "SIGNED_IN")} | {
    "INSTASELL_BCRYPT_ROUNDS": "4"
}


def started(name: str, environment: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    """A script of the examples, as any POSIX shell runs it."""
    return subprocess.Popen(
        ["sh", str(ROOT / "examples" / name)],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.timeout(400)
def test_a_sellers_and_an_admins_day(folder: Path) -> None:
    with serving(f"{PROGRAMS}/instasell serve", folder, **OFF) as environment:
        days = [
            started(name, {**environment, "INSTASELL_CONFIG_DIR": str(folder / name)}, folder)
            for name in ("sellers_day.sh", "admins_day.sh")
        ]
        outputs = [day.communicate(timeout=380) for day in days]
    for day, (out, err) in zip(days, outputs, strict=True):
        assert day.returncode == 0, out + err
        assert " 0 differences" in out
    (seller, told), (admin, _) = outputs

    # Imported once; what was exported changes nothing when it comes back.
    assert seller.count(",created\n") == 8
    assert "0 created, 0 updated, 8 unchanged, 0 rejected" in told
    assert "Field watch with a black dial,2\n" in seller
    assert "Field watch with a black dial,bidder-2,61.00\nTank engine,,\n" in seller
    assert "Tank engine,450.00\n" in seller
    assert "shipped,23.90\n" in seller
    for order in ("processing,45.90,0.00", "cancelled,66.90,0.00"):
        assert f"Field watch with a black dial,{order}\n" in seller
    assert "balance_after\nrelease,23.90,23.90\n" in seller
    assert "20.00,succeeded\nbalance\n3.90\n" in seller

    assert "status\nsuspended\n" in admin
    assert "status\nactive\namount,outcome\n12.00,leading\n" in admin
    assert "A map of the coast,40.00\n" in admin
    assert "resolved,25.00\n" in admin
    assert "bids, by week in UTC\n" in admin
    assert "resolve_dispute,As on the pictures\nunsuspend_user,It was another person\n" in admin
