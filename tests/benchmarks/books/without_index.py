"""The kiosk's command line, but books are not indexed: python -m tests.benchmarks.books.without_index sync run …

So that what it takes to fetch and write a book is measured, and not reckoned as a difference.
"""

from __future__ import annotations

from kiosk.cli.main import main
from kiosk.sync import book_indexes


def _nothing(*_: object) -> None:
    pass


if __name__ == "__main__":
    book_indexes.build = _nothing  # type: ignore[assignment]
    main()
