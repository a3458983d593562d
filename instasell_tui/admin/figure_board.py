"""The figures of the market as charts: one where there is little room, all where there is."""

from __future__ import annotations

from datetime import tzinfo
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container

from instasell_client.models.admin import Analytics, Bucket
from instasell_tui.admin import text as admin_text
from instasell_tui.admin.bar_chart import LABEL_CELLS, BarChart, BarSeries
from instasell_tui.admin.text import FIGURES

_BUCKETS = {Bucket.HOUR: "24 hours", Bucket.DAY: "30 days", Bucket.WEEK: "26 weeks"}


class FigureBoard(Container, can_focus=True):
    """Shows `Analytics`; `turn` chooses the figure, and `turn_bucket` what is counted together."""

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__(id="figures")
        self._zone = zone
        self._found: Analytics | None = None
        self._figure = "bids"
        self.bucket = Bucket.DAY

    def compose(self) -> ComposeResult:
        for name, title in FIGURES.items():
            yield BarChart(title, name=name)

    def on_mount(self) -> None:
        self._show()

    @property
    def is_there(self) -> bool:
        """Return whether the figures have been read."""
        return self._found is not None

    @property
    def told(self) -> str:
        """Return the chosen figure's newest and highest value, in words."""
        found = self._found
        if found is None:
            return "Asking the market …"
        values = admin_text.values(found, self._figure)
        known = [each for each in values if each is not None]
        say = partial(admin_text.figure, name=self._figure, currency=found.currency)
        last, most = say(values[-1] if values else None), say(max(known, default=None))
        title = FIGURES[self._figure]
        return f"{title} by {self.bucket.value} · now {last} · at most {most}"

    def show(self, found: Analytics) -> None:
        """Draw other figures, unless another bucket was chosen meanwhile."""
        if found.bucket is self.bucket:
            self._found = found
            self._show()

    def forget(self) -> None:
        """Draw nothing."""
        self._found = None
        self._show()

    def turn(self, places: int) -> None:
        """Choose another figure."""
        names = list(FIGURES)
        self._figure = names[(names.index(self._figure) + places) % len(names)]
        self._show()

    def turn_bucket(self) -> None:
        """Choose the next span; its figures have to be read."""
        buckets = list(_BUCKETS)
        self.bucket = buckets[(buckets.index(self.bucket) + 1) % len(buckets)]
        self.forget()

    def _show(self) -> None:
        found = self._found
        for number, (name, title) in enumerate(FIGURES.items(), 1):
            chart = self.query_one(f"#figure-{name}", BarChart)
            chosen = name == self._figure
            chart.set_class(chosen, "-chosen")
            unit = f", {found.currency}" if found and name == "gross_amount" else ""
            mark = "▶ " if chosen else ""
            chart.border_title = (
                f"{mark}{title}{unit}, {_BUCKETS[self.bucket]}  {number}/{len(FIGURES)}"
            )
            chart.show(self._bars(name) if found else None)

    def _bars(self, name: str) -> BarSeries | None:
        found = self._found
        if found is None:
            return None
        if not found.items:
            return BarSeries((), "", "", str)
        say = partial(admin_text.figure, name=name, currency=found.currency, width=LABEL_CELLS - 1)
        return BarSeries(
            admin_text.values(found, name),
            admin_text.bucket_start(found.items[0], found.bucket, self._zone),
            admin_text.bucket_start(found.items[-1], found.bucket, self._zone),
            say,
            100 if name == "gross_amount" else 1,
        )
