"""Long tests begin a run."""

from __future__ import annotations

import pytest

from tests.ordering import dealt


@pytest.mark.parametrize("hands", [1, 2, 3, 5])
@pytest.mark.parametrize(("long", "others"), [(0, 0), (0, 7), (2, 0), (4, 9), (5, 1), (3, 100)])
def test_every_part_begins_with_its_share(long: int, others: int, hands: int) -> None:
    slow, quick = list(range(long)), list(range(100, 100 + others))
    found = dealt(slow, quick, hands)
    assert sorted(found) == [*slow, *quick]
    assert [each for each in found if each >= 100] == quick
    if others > long + hands:
        starts = [len(found) * hand // hands for hand in range(hands)]
        begin = {each for at in starts for each in found[at : at + long // hands + 2]}
        assert {*slow} <= begin
