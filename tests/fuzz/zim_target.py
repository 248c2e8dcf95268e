"""Shows the reader of ZIM books one book after the other, each a change of one that reached new code: Atheris' side.

python -m tests.fuzz.zim_target FLAGS... CORPUS, with the flags of libFuzzer. A book may be refused and nothing else:
any other error, a time above the limit, or memory above it, ends the run with a code that is not 0 and shows the book.
"""

from __future__ import annotations

import atheris

from tests.fuzz.guided import fuzz

with atheris.instrument_imports(include=["kiosk.packs"]):
    from kiosk.errors import FormatError
    from tests.zims import everything


@atheris.instrument_func  # type: ignore[untyped-decorator]
def show(data: bytes) -> None:
    try:
        everything(data)
    except FormatError as error:
        if not error.message.startswith("a.zim: ") or not error.hint:
            raise AssertionError(error.message) from error


if __name__ == "__main__":
    fuzz(show)
