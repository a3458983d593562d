"""A calm dark and a calm light theme."""

from __future__ import annotations

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
    accent="#1f7a68",
    success="#3c7a33",
    warning="#96650a",
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
        "footer-key-foreground": "#1f7a68",
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

DEFAULTS = {"quiet": "#808890", "rule": "#606870", "flash": "#3a4a4a", "selected": "#405060"}
"""Our own variables, for the themes that Textual brings."""
