"""Bars drawn by pygal, without its scripts and styles: the page's own style sheet dresses them."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import pygal
from markupsafe import Markup

from shared.web.formats import angka

# pygal adds a finder for its plug-ins that lacks `find_spec`, so that every import after it warns.
# There are no plug-ins here.
sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != pygal.__name__]

WIDTH: Final = 480
"""Units across; the page scales the drawing, so letters are as wide on a phone as on a screen."""
ROW: Final = 60
BAR: Final = 22
LONGEST: Final = 36
"""Characters of a name in the drawing; the table beside it has the whole of it."""

_BASELINE: Final = 30


def bars(counts: Sequence[tuple[str, int]], title: str, description: str) -> Markup:
    """Return horizontal bars as SVG, the first on top; title and description for those who listen.

    The same counts give the same characters: what has not changed is not sent again.
    """
    chart = pygal.HorizontalBar(
        width=WIDTH,
        height=ROW * len(counts),
        margin=0,
        include_x_axis=True,
        show_legend=False,
        show_x_labels=False,
        show_y_labels=False,
        print_values=True,
        print_labels=True,
        formatter=angka,
        js=[],
        no_prefix=True,
        disable_xml_declaration=True,
    )
    # pygal draws the first value at the bottom.
    chart.add("", [{"value": count, "label": _short(name)} for name, count in reversed(counts)])
    chart.add_xml_filter(partial(_dressed, title=title, description=description))
    # The drawing is pygal's own and every text in it was escaped by it.
    return Markup(chart.render(is_unicode=True))  # noqa: S704


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "\u2026"


def _dressed(root: Any, *, title: str, description: str) -> Any:
    """Return a drawing of what pygal has worked out: bars, and over each its name and number."""
    drawing = root.makeelement(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": root.attrib["viewBox"],
            "class": "bars",
            "role": "img",
            "aria-labelledby": "bars-title bars-desc",
        },
    )
    _add(drawing, "title", {"id": "bars-title"}, title)
    _add(drawing, "desc", {"id": "bars-desc"}, description)
    parts = [_of(root, *kind) for kind in (("rect", "rect"), ("text", "label"), ("text", "value"))]
    for bar, label, value in reversed(list(zip(*parts, strict=True))):
        top = float(bar.attrib["y"]) + float(bar.attrib["height"]) / 2 - ROW / 2
        where = {"x": "0", "y": f"{top + _BASELINE + 4:.1f}"}
        size = {"width": f"{float(bar.attrib['width']):.1f}", "height": str(BAR)}
        _add(drawing, "rect", {"x": "0", "y": where["y"], **size})
        above = f"{top + _BASELINE - 4:.1f}"
        _add(drawing, "text", {"x": "0", "y": above}, label.text)
        _add(drawing, "text", {"x": str(WIDTH), "y": above, "class": "value"}, value.text)
    return drawing


def _of(root: Any, tag: str, kind: str) -> Iterator[Any]:
    """Find the elements of a tag by their first class."""
    for element in root.iter(tag):
        if element.attrib.get("class", "").split(" ")[0] == kind:
            yield element


def _add(parent: Any, tag: str, attributes: dict[str, str], text: str = "") -> None:
    element = parent.makeelement(tag, attributes)
    element.text = text
    parent.append(element)
