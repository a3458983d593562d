"""One mechanism writes to the outbox: `Transaction.after_commit`, by one statement."""

from __future__ import annotations

import re

from tests.repository.source_tree import ROOT, files

WRITES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|COPY)\s+(?:ONLY\s+)?outbox\b", re.I
)


def _writers(suffix: str) -> dict[str, list[str]]:
    """Return the files of the server that write to the table, and with what."""
    return {
        path.as_posix(): [" ".join(each.split()).lower() for each in found]
        for path in files()
        if path.suffix == suffix and path.parts[0] == "instasell_server"
        if (found := WRITES.findall((ROOT / path).read_text(encoding="utf-8")))
    }


def test_one_statement_inserts_and_one_module_closes() -> None:
    written = _writers(".sql")
    assert written.pop("instasell_server/db/outbox.sql").count("insert into outbox") == 1
    # Two triggers, so that no change of a listing or an account can forget the row.
    assert set(written) == {
        "instasell_server/db/migrations/0001_market.sql",
        "instasell_server/db/migrations/0013_suspended_sellers.sql",
    }
    assert _writers(".py") == {}
