"""A film of a terminal as one SVG file: frames of text, shown one after the other by CSS, without a script."""

from dataclasses import dataclass, field
from html import escape

import pyte

CELL, LINE, SIZE = 8.4, 19, 14  # pixels: width and height of a character's place, size of the font
EDGE = 16
COLOURS = {
    "default": "#d7dae0", "black": "#8b93a1", "brightblack": "#8b93a1", "red": "#ff7b72", "green": "#7ee787",
    "brown": "#f2cc60", "yellow": "#f2cc60", "cyan": "#79d4e6", "blue": "#79b8ff", "magenta": "#d2a8ff",
    "white": "#ffffff",
}  # fmt: skip
GROUND = "#14171f"
Span = tuple[int, str, str, bool, bool]  # column, text, colour, bold, reverse


@dataclass
class Film:
    """Frames, each with the seconds that it is shown."""

    columns: int
    rows: int
    frames: list[tuple[tuple[tuple[Span, ...], ...], float]] = field(default_factory=list)

    def take(self, screen: pyte.Screen, seconds: float) -> None:
        """Take a frame; one that equals the one before makes that longer."""
        frame = tuple(_spans(screen, row) for row in range(self.rows))
        if self.frames and self.frames[-1][0] == frame:
            seconds += self.frames.pop()[1]
        self.frames.append((frame, seconds))

    def svg(self, title: str) -> str:
        """The film, which begins anew at its end."""
        width, height = round(self.columns * CELL + 2 * EDGE), self.rows * LINE + 2 * EDGE
        lines = {
            line: number for number, line in enumerate({line for frame, _ in self.frames for line in frame if line})
        }
        whole = sum(seconds for _, seconds in self.frames)
        styles, groups, at = [], [], 0.0
        for number, (frame, seconds) in enumerate(self.frames):
            start, end = 100 * at / whole, 100 * (at + seconds) / whole
            at += seconds
            shown = f"{start:.3f}%,{end - 0.001:.3f}%{{visibility:visible}}"
            hidden = "0%{visibility:hidden}" if number else ""
            styles.append(f"@keyframes f{number}{{{hidden}{shown}{end:.3f}%,100%{{visibility:hidden}}}}")
            styles.append(f"#f{number}{{animation:f{number} {whole:.2f}s step-end infinite}}")
            uses = "".join(f'<use href="#l{lines[line]}" y="{row * LINE}"/>' for row, line in enumerate(frame) if line)
            groups.append(f'<g id="f{number}" visibility="hidden">{uses}</g>')
        still = "@media(prefers-reduced-motion:reduce){g{animation:none!important}#f%d{visibility:visible}}"
        defined = "".join(f'<g id="l{number}">{_drawn(line)}</g>' for line, number in lines.items())
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
            f'aria-label="{escape(title)}" font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" '
            f'font-size="{SIZE}"><title>{escape(title)}</title>'
            f"<style>{''.join(styles)}{still % (len(self.frames) - 1)}</style>"
            f'<rect width="100%" height="100%" rx="10" fill="{GROUND}"/><defs>{defined}</defs>'
            f'<g transform="translate({EDGE} {EDGE})">{"".join(groups)}</g></svg>\n'
        )


def _spans(screen: pyte.Screen, row: int) -> tuple[Span, ...]:
    """The pieces of a line that look alike."""
    spans: list[Span] = []
    for column in range(screen.columns):
        char = screen.buffer[row][column]
        look = (COLOURS.get(char.fg, COLOURS["default"]), char.bold, char.reverse)
        if spans and spans[-1][2:] == look and char.data:
            first = spans[-1]
            spans[-1] = (first[0], first[1] + char.data, *look)
        elif char.data:
            spans.append((column, char.data, *look))
    return tuple(span for span in spans if span[1].strip() or span[4])


def _drawn(line: tuple[Span, ...]) -> str:
    drawn = []
    for column, text, colour, bold, reverse in line:
        x, length = column * CELL, len(text) * CELL
        if reverse:
            drawn.append(f'<rect x="{x:.1f}" width="{length:.1f}" height="{LINE}" fill="{colour}"/>')
        shown = text.rstrip()
        if not shown:
            continue
        weight = ' font-weight="700"' if bold else ""
        ink = GROUND if reverse else colour
        drawn.append(
            f'<text x="{x:.1f}" y="14" fill="{ink}"{weight} xml:space="preserve" '
            f'textLength="{len(shown) * CELL:.1f}">{escape(shown)}</text>'
        )
    return "".join(drawn)
