"""Draws a chart as a PNG. Pure: the same view gives the same picture.

The ground is light and opaque, so that it reads the same in Slack's light and dark mode. It is drawn at
twice its size and made smaller, as the library draws lines without smoothing them.
"""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.charts import scales
from bot.charts.view import View
from bot.domain.chart import Line, Point

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

WIDTH, PLOT_HEIGHT = 800, 320
_SCALE = 2
_TOP, _BOTTOM, _SIDE, _ROW, _COLUMNS = 64, 36, 16, 24, 3
_CHARACTERS = 150  # of a title or name, whatever its width
_GROUND, _FRAME, _GRID, _INK, _FAINT = "#ffffff", "#c9ccd1", "#e8eaed", "#1d1c1d", "#5f6368"
_ALERT, _SINCE, _BOUND = "#b3261e", "#fdecea", "#b3261e"
_COLOURS = ("#1a64c9", "#c2540a", "#23803b", "#7b3fa8", "#0b7a8c", "#a61e5d", "#7a6200", "#4a5058")


def png(view: View) -> bytes:
    """The picture, of at least one drawable line."""
    # Imported here: it is needed seldom, and would cost every start its time.
    from PIL import Image, ImageDraw, ImageFont

    height = PLOT_HEIGHT + _ROW * _rows(view)
    image = Image.new("RGB", (WIDTH * _SCALE, height * _SCALE), _GROUND)
    fonts = [ImageFont.load_default(size * _SCALE) for size in (15, 18)]
    _Canvas(ImageDraw.Draw(image), fonts[0], fonts[1], _plot(view, fonts[0])).all(view, height)
    small = image.resize((WIDTH, height), Image.Resampling.LANCZOS)
    return _encoded(small)


def plain(text: str) -> str:
    """Only characters that the font has: accents go, all else that is no printable ASCII becomes `?`."""
    parts = unicodedata.normalize("NFKD", " ".join(text.split()))
    kept = (c for c in parts if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in kept)


@dataclass(frozen=True, slots=True)
class _Plot:
    """The area of the lines, in pixels of the picture, with its axes."""

    left: float
    right: float
    top: float
    bottom: float
    start: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        share = (at - self.start) / (self.end - self.start)
        return self.left + max(0.0, min(1.0, share)) * (self.right - self.left)

    def y(self, value: float) -> float:
        share = (scales.bounded(value) - self.low) / (self.high - self.low)
        return self.bottom - max(0.0, min(1.0, share)) * (self.bottom - self.top)


def _plot(view: View, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> _Plot:
    values = [value for line in view.drawable for value in line.values]
    low, high = scales.span(values or [0.0], view.bound)
    labels = [scales.number(tick) for tick in scales.value_ticks(low, high)]
    widest = max((font.getlength(label) / _SCALE for label in labels), default=0.0)
    chart, bottom = view.chart, PLOT_HEIGHT - _BOTTOM
    return _Plot(_SIDE + widest + 8, WIDTH - _SIDE - 6, _TOP, bottom, chart.start, chart.end, low, high)


def _rows(view: View) -> int:
    """Rows of the legend; a line that is alone needs none."""
    return -(-len(view.drawable) // _COLUMNS) if _has_legend(view) else 0


def _has_legend(view: View) -> bool:
    return len(view.drawable) > 1


@dataclass(frozen=True, slots=True)
class _Canvas:
    draw: ImageDraw.ImageDraw
    small: ImageFont.FreeTypeFont | ImageFont.ImageFont
    large: ImageFont.FreeTypeFont | ImageFont.ImageFont
    plot: _Plot

    def all(self, view: View, height: int) -> None:
        self._box(0, 0, WIDTH - 1, height - 1, outline=_FRAME)
        self._heading(view)
        self._since(view)
        self._grid()
        for line, colour in zip(view.drawable, _COLOURS, strict=False):
            self._line(line, colour)
        self._bound(view)
        self._legend(view)

    def _heading(self, view: View) -> None:
        title = plain(view.title) or "A metric"
        titled = f"{title} ({plain(view.unit)})" if view.unit else title
        when = plain(scales.window(view.chart.start, view.chart.end))
        if not _has_legend(view) and view.drawable:
            when = f"last {scales.number(view.drawable[0].values[-1])}   {when}"
        room = WIDTH - 2 * _SIDE - self._width(when) - 20
        self._text(_SIDE, 12, self._fitting(titled, room, self.large), _INK, self.large)
        self._text(WIDTH - _SIDE, 15, when, _FAINT, anchor="ra")

    def _since(self, view: View) -> None:
        """From the alert on the ground is tinted."""
        if view.alert_at is None:
            return
        plot, x = self.plot, self.plot.x(view.alert_at)
        self._box(x, plot.top, plot.right, plot.bottom, fill=_SINCE)
        self._stroke([(x, plot.top), (x, plot.bottom)], _ALERT, 1)
        near_right = x > plot.right - 50
        self._text(
            x + 1 if near_right else x - 1, plot.top, "alert", _ALERT, anchor="rd" if near_right else "ld"
        )

    def _grid(self) -> None:
        plot = self.plot
        for tick in scales.value_ticks(plot.low, plot.high):
            y = plot.y(tick)
            self._stroke([(plot.left, y), (plot.right, y)], _GRID, 1)
            self._text(plot.left - 6, y, scales.number(tick), _FAINT, anchor="rm")
        for at, label in scales.time_ticks(plot.start, plot.end):
            x = plot.x(at)
            self._stroke([(x, plot.bottom), (x, plot.bottom + 4)], _FRAME, 1)
            half = self._width(label) / 2
            self._text(
                max(plot.left + half - 8, min(x, WIDTH - 4 - half)),
                plot.bottom + 7,
                label,
                _FAINT,
                anchor="ma",
            )
        self._stroke([(plot.left, plot.bottom), (plot.right, plot.bottom)], _FRAME, 1)

    def _line(self, line: Line, colour: str) -> None:
        """Each stretch without a gap; a dot where there is one point alone, and at the newest."""
        places: list[tuple[float, float]] = []
        for stretch in _stretches(line.points):
            places = [(self.plot.x(at), self.plot.y(value)) for at, value in stretch]
            if len(places) > 1:
                self._stroke(places, colour, 2.5)
            else:
                self._dot(places[0], colour)
        if places:
            self._dot(places[-1], colour)

    def _bound(self, view: View) -> None:
        plot, bound = self.plot, view.bound
        if bound is None or not plot.low <= bound <= plot.high:
            return
        y, x = plot.y(bound), plot.left
        while x < plot.right:
            self._stroke([(x, y), (min(x + 7, plot.right), y)], _BOUND, 1.5)
            x += 12
        below = y < plot.top + 20
        self._text(
            plot.left + 6, y + 3 if below else y - 3, view.demand, _BOUND, anchor="la" if below else "ld"
        )

    def _legend(self, view: View) -> None:
        if not _has_legend(view):
            return
        column = (WIDTH - 2 * _SIDE) / _COLUMNS
        for number, (line, colour) in enumerate(zip(view.drawable, _COLOURS, strict=False)):
            x = _SIDE + number % _COLUMNS * column
            y = PLOT_HEIGHT + number // _COLUMNS * _ROW + 8
            self._box(x, y - 2, x + 12, y + 2, fill=colour)
            last = scales.number(line.values[-1])
            named = self._fitting(plain(line.name) or "value", column - 34 - self._width(last), self.small)
            self._text(x + 18, y, named, _INK, anchor="lm")
            self._text(x + 24 + self._width(named), y, last, _FAINT, anchor="lm")

    def _fitting(self, text: str, room: float, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
        """The text, or its beginning and its end: names often differ there."""
        shown = text = text[:_CHARACTERS]
        kept = len(text)
        while kept and font.getlength(shown) / _SCALE > room:
            kept -= 1
            shown = f"{text[: kept - kept // 2]}...{text[len(text) - kept // 2 :]}"
        return shown

    def _width(self, text: str) -> float:
        return self.small.getlength(text) / _SCALE

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        colour: str,
        font: ImageFont.FreeTypeFont | ImageFont.ImageFont | None = None,
        anchor: str = "la",
    ) -> None:
        self.draw.text((x * _SCALE, y * _SCALE), text, fill=colour, font=font or self.small, anchor=anchor)

    def _stroke(self, places: list[tuple[float, float]], colour: str, width: float) -> None:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in places]
        self.draw.line(scaled, fill=colour, width=round(width * _SCALE), joint="curve")

    def _dot(self, place: tuple[float, float], colour: str) -> None:
        x, y = place
        self._box(x - 3, y - 3, x + 3, y + 3, fill=colour, round_=True)

    def _box(
        self,
        x: float,
        y: float,
        right: float,
        bottom: float,
        fill: str = "",
        outline: str = "",
        round_: bool = False,
    ) -> None:
        shape = self.draw.ellipse if round_ else self.draw.rectangle
        corners = (x * _SCALE, y * _SCALE, right * _SCALE, bottom * _SCALE)
        shape(corners, fill=fill or None, outline=outline or None, width=_SCALE)


def _stretches(points: tuple[Point, ...]) -> list[list[tuple[float, float]]]:
    """The points between gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for at, value in points:
        if value is None:
            found.append([])
        else:
            found[-1].append((at, value))
    return [stretch for stretch in found if stretch]


def _encoded(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG", optimize=True)
    return data.getvalue()
