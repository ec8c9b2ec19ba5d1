"""Colours that can be read on dark and on light: the terminal's own sixteen, which its owner has chosen."""

import os
from collections.abc import Mapping

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

STYLE = Style.from_dict(
    {
        "brand": "bold reverse",
        "tab": "",
        "tab.present": "bold underline",
        "title": "bold",
        "head": "underline",
        "dim": "fg:ansibrightblack",
        "accent": "fg:ansicyan",
        "movie": "bold",
        "stars": "fg:ansiyellow",
        "up": "fg:ansigreen",
        "new": "fg:ansigreen bold",
        "down": "fg:ansired",
        "selected": "reverse",
        "said": "",
        "error": "fg:ansired bold",
        "status": "reverse",
        "live": "bold",
        "away": "bold",
        "prompt": "bold fg:ansicyan",
        "completion-menu.completion": "noinherit reverse",
        "completion-menu.completion.current": "noinherit bold underline",
        "completion-menu.meta.completion": "noinherit reverse",
        "completion-menu.meta.completion.current": "noinherit bold",
    }
)


def colour_depth(environ: Mapping[str, str] = os.environ) -> ColorDepth | None:
    """None to ask the terminal; without colour where ``NO_COLOR`` says anything (no-color.org)."""
    return ColorDepth.DEPTH_1_BIT if environ.get("NO_COLOR") else None
