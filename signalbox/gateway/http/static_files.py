"""Static files from one folder, for a browser on the gateway's own origin."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

from .server import Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FORBIDDEN = Response(
    HTTPStatus.FORBIDDEN, b'{"message":"Forbidden"}', (("Content-Type", "application/json"),)
)


class StaticFiles:
    """Serves the static files of a page. Its scripts may connect to the origin `websocket` (`ws://…`).

    `mounts` are other folders, by their names below the page. Any other path is an unknown stage, and gets
    status 403 (W5, W28).
    """

    def __init__(self, folder: Path | None, websocket: str, mounts: Mapping[str, Path] | None = None) -> None:
        self._folder = folder and folder.resolve()
        self._mounts = {name: each.resolve() for name, each in (mounts or {}).items()}
        self._headers = (
            (
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
                f"connect-src 'self' {websocket}; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-cache"),
        )

    def respond(self, method: str, path: str) -> Response:
        """Return the file at a percent-encoded absolute path. It reads the disk, so call it in a thread."""
        file = self._find(path) if method in ("GET", "HEAD") else None
        if file is None:
            return _FORBIDDEN
        return Response(
            HTTPStatus.OK, file.read_bytes(), (("Content-Type", _TYPES[file.suffix]), *self._headers)
        )

    def _find(self, path: str) -> Path | None:
        if self._folder is None:
            return None
        try:
            name = unquote(path).lstrip("/") or "index.html"
            first, _, rest = name.partition("/")
            folder, name = (self._mounts[first], rest) if first in self._mounts else (self._folder, name)
            # The resolved path shows whether dots or links lead out of the folder.
            file = (folder / name).resolve()
            inside = file.is_relative_to(folder) and file.suffix in _TYPES
            return file if inside and file.is_file() else None
        except (OSError, RuntimeError, ValueError):
            # The path is too long, has a NUL, or is a loop of links.
            return None
