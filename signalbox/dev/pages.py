"""The page and the browser client below it at `realtime/`: `python -m signalbox.dev.pages` serves both.

That is for a deployed stage. The local run serves them on its own port.
"""

from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .environments import CHECKOUT

PAGE = Path(__file__).with_name("page")
MOUNT = "realtime"

_PACKED = PAGE / MOUNT

BROWSER_CLIENT = _PACKED if _PACKED.exists() else CHECKOUT / "browser"
"""Packed into the wheel beside the page; in a checkout of Signalbox it is the folder `browser/`."""


class PageHandler(SimpleHTTPRequestHandler):
    """Serves the page at `/`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments, directory=str(PAGE))

    def translate_path(self, path: str) -> str:
        """Return the file for a path of the page."""
        file = Path(super().translate_path(path)).relative_to(PAGE)
        return str(BROWSER_CLIENT.joinpath(*file.parts[1:]) if file.parts[:1] == (MOUNT,) else PAGE / file)


def main() -> None:
    """Serve until Ctrl-C."""
    with ThreadingHTTPServer(("127.0.0.1", 8000), PageHandler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
