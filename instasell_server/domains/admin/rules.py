"""Resolve the period that figures are asked for: pure rules, without I/O or clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from instasell_client.models.admin import BUCKETS_MAX, Bucket
from instasell_client.models.errors import Invalid

_LENGTHS = {
    Bucket.HOUR: timedelta(hours=1),
    Bucket.DAY: timedelta(days=1),
    Bucket.WEEK: timedelta(days=7),
}
_USUAL = {Bucket.HOUR: 24, Bucket.DAY: 30, Bucket.WEEK: 26}
# A Monday, so that weeks begin where ISO 8601 has them begin.
_ORIGIN = datetime(1970, 1, 5, tzinfo=UTC)


class Span(NamedTuple):
    """Whole buckets from `from_at` until before `to_at`, each `seconds` long."""

    from_at: datetime
    to_at: datetime
    seconds: int
    buckets: int


def span_of(
    from_at: datetime | None, to_at: datetime | None, bucket: Bucket, now: datetime
) -> Span:
    """Return the whole buckets of a span. Raises Invalid for one that is empty or too long."""
    length = _LENGTHS[bucket]
    try:
        end = now if to_at is None else min(to_at.astimezone(UTC), now)
        begin = end - length * _USUAL[bucket] if from_at is None else from_at.astimezone(UTC)
        if begin > now:
            raise Invalid.one("from", "lies in the future; there are no figures yet")
        if to_at is not None and begin >= to_at.astimezone(UTC):
            raise Invalid.one("from", "send an instant before `to`")
        first = (begin - _ORIGIN) // length
        last = -((_ORIGIN - end) // length)
        buckets = max(1, last - first)
        if buckets > BUCKETS_MAX:
            raise Invalid.one(
                "bucket", f"comes to {buckets} of them, {BUCKETS_MAX} are shown at most; choose a"
                " longer one, or a shorter span",
            )  # fmt: skip
        starts = _ORIGIN + first * length
        return Span(starts, starts + buckets * length, int(length.total_seconds()), buckets)
    except OverflowError:
        raise Invalid.one("from", "is too far away") from None
