"""A telecenter as it is delivered: a federation with a mirror, and a kiosk that has nothing yet, as processes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from kiosk.cli import federation
from kiosk.cli.federation import Federation
from kiosk.host.processes import Processes
from kiosk.store.state import write_durably
from tests.whole_path.running import KIOSK, free_port, kiosk

CONFIG = """\
name: {name}
state: state
portal: {{address: 127.0.0.1, port: {port}, url: "http://127.0.0.1:{port}"}}
library: {{address: 127.0.0.1, port: {library}, url: "http://localhost:{library}"}}
console: {{address: 127.0.0.3, port: {console}, url: "http://127.0.0.3:{console}"}}
about: {{cooperative: "Umoja cooperative", contact: ["Grace, +254 700 000 000"]}}
sync: {{mirrors: ["http://127.0.0.4:{mirror}"], trusted_root: root.json, neighbours: false}}
"""


class Telecenter:
    """A kiosk and its federation below `folder`; `with` starts the federation's mirror, `open` the kiosk's sites.

    Args:
        folder: where all of it is kept.
        recipes: what the federation publishes.
    """

    def __init__(self, folder: Path, recipes: Sequence[Path]) -> None:
        self.folder = folder
        self.federation = Federation(folder / "federation")
        self.federation.prepare()
        published = federation.publish(self.federation, recipes)
        assert not published.left_out, published.left_out
        self._port = free_port()
        self.portal, self.console = f"http://127.0.0.1:{self._port}", f"http://127.0.0.3:{self._port + 2}"
        self._mirror = Processes(folder / "logs" / "mirror")
        self._sites = Processes(folder / "logs" / "sites")

    @property
    def kiosk(self) -> Path:
        """The folder of the kiosk: its configuration, and its state."""
        return self.folder / "kiosk"

    @property
    def config(self) -> Path:
        """The kiosk's configuration."""
        return self.kiosk / "kiosk.yaml"

    def __enter__(self) -> Telecenter:
        self._mirror.__enter__()
        address, port = "127.0.0.4", str(self._port + 3)
        folder = str(self.federation.repository.folder)
        self._mirror.start("mirror", [KIOSK[0], "-m", "http.server", "--bind", address, "--directory", folder, port])
        self._mirror.wait_for("mirror", f"http://{address}:{port}/metadata/timestamp.json")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._mirror.stop()

    def deliver(self, name: str) -> str:
        """Set a kiosk up that has nothing, open it, and return its first operator's one-time password."""
        self.kiosk.mkdir()
        write_durably(self.kiosk / "root.json", self.federation.repository.root_bytes())
        port = self._port
        self.config.write_text(CONFIG.format(name=name, port=port, library=port + 1, console=port + 2, mirror=port + 3))
        told = kiosk("operator", "add", "grace", "--manager", "--config", self.config)
        assert told.returncode == 0, told.stderr
        self.open()
        found = re.search(r"\b(?:[a-z0-9]+-){2,}[a-z0-9]+\b", told.stdout)
        assert found, told.stdout
        return found[0]

    def open(self) -> None:
        """Start the kiosk's sites."""
        self._sites.__enter__()
        for name, alone, address in (("portal", [], self.portal), ("console", ["--no-helper"], self.console)):
            self._sites.start(name, [*KIOSK, "serve", name, *alone, "--config", str(self.config)])
            self._sites.wait_for(name, f"{address}/healthz")

    def close(self) -> None:
        """End the kiosk's sites."""
        self._sites.stop()

    def wipe(self) -> None:
        """Take the kiosk away with all that it kept, as a broken card does."""
        self.close()
        shutil.rmtree(self.kiosk)
