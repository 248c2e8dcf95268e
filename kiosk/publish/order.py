"""The order of entries in a full route (docs/formats/pack.md leaves it to the writer).

True always: the same version gives the same order. What is alike should lie close together: matches that are near cost
less, and beyond the window there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kiosk.packs import listing, route
from kiosk.packs.listing import Placed
from kiosk.publish.content import Content, pieces


def of_full(entries: Iterable[Placed], content: Content, books: frozenset[int]) -> Sequence[Placed]:
    """Return the entries in the order, of those known here, that compresses best; `content` has their bytes.

    Those of `books`, the items that kiosks write as they come, stand behind the others, one book after the other.
    """
    in_order = sorted(entries, key=listing.target_order)
    by_type = [placed for placed in in_order if placed.item not in books]
    whole = [placed for number in sorted(books) for placed in in_order if placed.item == number]
    beside = _beside_namesakes(by_type)
    if beside == by_type:
        return by_type + whole
    return [*min(by_type, beside, key=lambda order: _roughly(order, content)), *whole]


def _beside_namesakes(entries: Sequence[Placed]) -> list[Placed]:
    # A page and the text it was made from, a course in four languages: same folder and name, but for what is above
    # the folder and behind the first dot. In linux-doc-6.1 this makes 159 MB to 13.9 MB, the order by type to 17.2.
    groups: dict[tuple[str, str], list[Placed]] = {}
    for placed in entries:
        above, _, name = placed.entry.path.rpartition("/")
        groups.setdefault((above.rpartition("/")[2], name.partition(".")[0]), []).append(placed)
    return [placed for group in groups.values() for placed in group]


def _roughly(order: Sequence[Placed], content: Content) -> int:
    # A quick coding tells which order is better as well as the slow one does.
    body = (piece for placed in order for piece in pieces(content.path(placed.entry.sha256)))
    return route.roughly(body, route.FULL)
