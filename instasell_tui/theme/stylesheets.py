"""A stylesheet whose rules are parsed once for each theme, however often they are asked for.

Textual parses its own styles and those of an application for every application and every turn of
the theme, and all of them again with each new kind of widget once there are more than 64 sources.
That is most of what opening the screen costs after the imports.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

THEMES_KEPT_MAX = 8


@lru_cache(maxsize=THEMES_KEPT_MAX)
def _kept(variables: frozenset[tuple[str, str]]) -> dict[object, list[RuleSet]]:
    """Return the rules that were parsed with these variables, by their origin."""
    return {}


class CachedStylesheet(Stylesheet):
    """Parsed rules are never changed by Textual, so that stylesheets can share them."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._keep()

    def set_variables(self, variables: dict[str, str]) -> None:
        super().set_variables(variables)
        self._keep()

    def _keep(self) -> None:
        self._rules_kept = _kept(frozenset(self._variables.items()))

    def _parse_rules(self, css: str, *args: Any, **options: Any) -> list[RuleSet]:
        key = (css, args, tuple(options.items()))
        rules = self._rules_kept.get(key)
        if rules is None:
            rules = super()._parse_rules(css, *args, **options)
            if not any(rule.errors for rule in rules):
                self._rules_kept[key] = rules
        return rules

    def reparse(self) -> None:
        """Parse again; nothing changes before all of it is parsed, and so need not be copied.

        Raises StylesheetParseError as `parse` does.
        """
        self.parse()
