"""A whole sync through a bad link, in real time: what it takes, and what is paid for beyond the need.

    python -m tests.benchmarks.link                      # 5 MB at 200 kbit/s, 600 ms, a cut every 10 seconds: 4 minutes
    python -m tests.benchmarks.link --rate 20 --megabytes 0.5

The test of the same in seconds is tests/sync/test_link.py. All that a server sends is counted, heads of answers too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from kiosk.sync.agent import Agent
from kiosk.sync.mirrors import HttpMirror
from tests.making import Village
from tests.sync.proxy import Proxy
from tests.sync.test_link import federation, needed_bytes, release_a_book


def main() -> None:
    """Measure, and print one table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=float, default=5.0)
    options.add_argument("--rate", type=float, default=200.0, help="kbit/s")
    options.add_argument("--delay", type=float, default=600.0, help="ms, there and back")
    options.add_argument("--cut", type=float, default=10.0, help="seconds from cut to cut")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        village = Village(Path(folder))
        release_a_book(village, int(chosen.megabytes * 1e6))
        link = {"rate_bits": chosen.rate * 1000, "delay_seconds": chosen.delay / 1000, "cut_seconds": chosen.cut}
        with federation(village, **link) as proxy:
            began = time.monotonic()
            Agent(village.config, [HttpMirror(proxy.url)], village.clock).run()
            tell(proxy, needed_bytes(village, proxy), time.monotonic() - began, chosen.rate)


def tell(link: Proxy, needed: int, seconds: float, rate: float) -> None:
    """Print what was measured."""
    sent = link.counts.body_bytes + link.counts.head_bytes
    rows = [
        ("needed, bytes", f"{needed:,}"),
        ("bodies sent, bytes", f"{link.counts.body_bytes:,}"),
        ("bodies beyond the need", f"{link.counts.body_bytes / needed - 1:.3%}"),
        ("all that was sent, beyond the need", f"{sent / needed - 1:.3%}"),
        ("requests; bytes of them", f"{len(link.counts.requests)}; {link.counts.received_bytes:,}"),
        ("cuts", str(link.cuts)),
        ("seconds; at the link's rate alone", f"{seconds:.0f}; {needed * 8 / rate / 1000:.0f}"),
    ]
    print("\n".join(f"{name:36} {value}" for name, value in rows))


if __name__ == "__main__":
    main()
