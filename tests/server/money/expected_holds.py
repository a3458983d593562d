"""The model of held money: what of each wallet is held, worked out apart from the server."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Hold:
    """Money of one payment, named by its page, in one wallet."""

    page: object
    left: int
    free_at: float


@dataclass
class Holds:
    """Hold who has held money, and into what it went."""

    now: float = 0.0
    of: defaultdict[str, list[Hold]] = field(default_factory=lambda: defaultdict(list))
    uses: defaultdict[tuple[str, str], list[tuple[Hold, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, who: str, page: object, amount: int, free_at: float) -> None:
        """Money comes that stays for a while."""
        if free_at > self.now:
            self.of[who].append(Hold(page, amount, free_at))

    def held(self, who: str) -> int:
        """Return what cannot leave yet."""
        return sum(each.left for each in self.of[who] if each.free_at > self.now)

    def spend(self, who: str, amount: int, purpose: str, page: object = None) -> None:
        """Money goes: of that page first, then what is free last; the oldest of equal ones."""
        active = [each for each in self.of[who] if each.free_at > self.now and each.left]
        active.sort(key=lambda each: (each.page is not page, -each.free_at))
        for each in active:
            taken = min(each.left, amount)
            each.left -= taken
            amount -= taken
            if taken:
                self.uses[who, purpose].append((each, taken))

    def left(self, who: str, page: object) -> int:
        """Return what of a page is in a user's wallet at most."""
        return sum(each.left for each in self.of[who] if each.page is page)

    def used(self, who: str, purpose: str, page: object) -> int:
        """Return what of a page went into something."""
        uses = self.uses.get((who, purpose), [])
        return sum(used for hold, used in uses if hold.page is page)

    def move(self, who: str, source: str, target: str, page: object, amount: int) -> None:
        """Money of a top-up is spent on something else than before."""
        uses = self.uses[who, source]
        [hold] = {id(each): each for each, _ in uses if each.page is page}.values()
        kept = self.used(who, source, page) - amount
        self.uses[who, source] = [(hold, kept), *(use for use in uses if use[0] is not hold)]
        self.uses[who, target].append((hold, amount))

    def give_back(self, who: str, amount: int, purpose: str) -> None:
        """Money comes back, and is held as it was."""
        whole: dict[int, tuple[Hold, int]] = {}
        for hold, used in self.uses.pop((who, purpose), []):
            whole[id(hold)] = (hold, whole.get(id(hold), (hold, 0))[1] + used)
        places = {id(each): number for number, each in enumerate(self.of[who])}
        ordered = sorted(whole.values(), key=lambda u: (-u[0].free_at, places[id(u[0])]))
        for hold, used in ordered:
            back = min(used, amount)
            hold.left += back
            amount -= back
            if used > back:
                self.uses[who, purpose].append((hold, used - back))
