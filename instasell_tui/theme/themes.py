"""Our themes: a calm dark one, a calm light one, and one of the sixteen colours of a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="instasell-dark",
    dark=True,
    primary="#7aa2c8",
    secondary="#8fa3b5",
    accent="#6fb7a6",
    success="#86b97a",
    warning="#d8a657",
    error="#dc7b6e",
    foreground="#d5d9de",
    background="#15181c",
    surface="#1a1e23",
    panel="#232930",
    variables={
        "quiet": "#8a939d",
        "rule": "#39424c",
        "flash": "#2b3a3a",
        "selected": "#2c3947",
        "footer-key-foreground": "#6fb7a6",
        "footer-background": "#1a1e23",
        "input-selection-background": "#3d5166",
        "block-cursor-background": "#2c3947",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#232930",
        "border": "#4d6175",
        "border-blurred": "#39424c",
        "scrollbar": "#323a43",
        "scrollbar-background": "#15181c",
        "scrollbar-corner-color": "#15181c",
    },
)

LIGHT = Theme(
    name="instasell-light",
    dark=False,
    primary="#2f6690",
    secondary="#56697a",
    accent="#1c7463",
    success="#35712d",
    warning="#875a08",
    error="#b0402f",
    foreground="#22282e",
    background="#f7f6f2",
    surface="#efeee8",
    panel="#e5e3db",
    variables={
        "quiet": "#626a72",
        "rule": "#c6c4ba",
        "flash": "#dcebdc",
        "selected": "#d3dfe9",
        "footer-key-foreground": "#1c7463",
        "footer-background": "#efeee8",
        "input-selection-background": "#b9cfe0",
        "block-cursor-background": "#d3dfe9",
        "block-cursor-foreground": "#000000",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e5e3db",
        "border": "#7f95a8",
        "border-blurred": "#c6c4ba",
        "scrollbar": "#cfcdc3",
        "scrollbar-background": "#f7f6f2",
        "scrollbar-corner-color": "#f7f6f2",
    },
)

SIXTEEN = Theme(
    name="instasell-16",
    ansi=True,
    dark=True,
    # Bright black is no ink here: some palettes make it the colour of the background.
    primary="ansi_bright_cyan",
    secondary="ansi_cyan",
    accent="ansi_bright_cyan",
    success="ansi_bright_green",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    foreground="ansi_bright_white",
    background="ansi_black",
    surface="ansi_black",
    panel="ansi_blue",
    boost="ansi_black",
    variables={
        "surface": "ansi_black",
        "panel": "ansi_blue",
        "boost": "ansi_black",
        "quiet": "ansi_white",
        "rule": "ansi_bright_black",
        "flash": "ansi_bright_black",
        "selected": "ansi_blue",
        "text": "ansi_bright_white",
        "text-muted": "ansi_white",
        "text-disabled": "ansi_white",
        "foreground-muted": "ansi_white",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_bright_white",
        "footer-foreground": "ansi_white",
        "footer-key-foreground": "ansi_bright_cyan",
        "footer-background": "ansi_black",
        "footer-item-background": "ansi_black",
        "footer-description-background": "ansi_black",
        "footer-description-foreground": "ansi_white",
        "input-cursor-background": "ansi_bright_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_cyan",
        "screen-selection-foreground": "ansi_black",
        "block-cursor-background": "ansi_blue",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "ansi_black",
        "block-cursor-blurred-foreground": "ansi_bright_white",
        "block-hover-background": "ansi_black",
        "border": "ansi_bright_cyan",
        "border-blurred": "ansi_bright_black",
        "scrollbar": "ansi_white",
        "scrollbar-hover": "ansi_white",
        "scrollbar-active": "ansi_bright_white",
        "scrollbar-background": "ansi_black",
        "scrollbar-background-hover": "ansi_black",
        "scrollbar-background-active": "ansi_black",
        "scrollbar-corner-color": "ansi_black",
    },
)

OURS = (DARK, LIGHT, SIXTEEN)
"""In the order in which a key goes through them."""

NAMES: Mapping[str, str] = {"dark": DARK.name, "light": LIGHT.name, "16": SIXTEEN.name}
"""Their names in the list to choose from."""

DEFAULTS = {"quiet": "#808890", "rule": "#606870", "flash": "#3a4a4a", "selected": "#405060"}
"""Our own variables, for the themes that Textual brings."""
