"""The built site, and a server for notebooks that have none: VS Code and marimo."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping
from functools import cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nn_lab

#: The servers try these ports first. What a page stores in the browser belongs to its port, so it should stay the same.
PORTS = range(48713, 48721)

# Python's own table follows the operating system's, where scripts can be text/plain. Browsers refuse these.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".py": "text/plain; charset=utf-8",
    ".rs": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".toml": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
#: A name with a hash of the content in it.
_FIXED = re.compile(r"-[0-9a-f]{8,16}(_bg)?\.[a-z0-9]+$")


class NoSite(RuntimeError):
    """The package does not contain the lab."""


@cache
def folder() -> Path:
    """Return the folder of the site. The environment variable ``NN_LAB_SITE`` names another one.

    Raises:
        NoSite: if there is no site, as in a source folder.
    """
    path = Path(os.environ.get("NN_LAB_SITE") or Path(__file__).parent / "site").resolve()
    if not (path / "index.html").is_file():
        raise NoSite(f"There is no lab in {path}. Install the nn-lab wheel, or set NN_LAB_SITE to the folder of a built site.")
    return path


def content_type(name: str) -> str:
    """Return the type of a file for browsers."""
    return _TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def is_fixed(name: str) -> bool:
    """Return true if the name of a file contains a hash of its content."""
    return _FIXED.search(name) is not None


def headers(name: str) -> Mapping[str, str]:
    """Return the headers for a file, apart from its type and length.

    Files whose name contains a hash never change. A frame in a sandbox has no origin, so every origin may read the files;
    there is nothing secret in them.
    """
    return {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "max-age=31536000, immutable" if is_fixed(name) else "no-cache",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }


def about() -> bytes:
    """Return the content of ``version.json``, by which the widget finds out where the site is served."""
    return json.dumps({"nn-lab": nn_lab.__version__}).encode()


def find(root: Path, address: str) -> Path | None:
    """Return the file that an address refers to, or ``None`` if there is none in the folder."""
    name = unquote(urlsplit(address).path).lstrip("/")
    try:
        path = (root / (f"{name}index.html" if name.endswith("/") or not name else name)).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):  # such as a zero byte or a name that is too long
        return None


class LocalServer:
    """A server of a folder on this computer, in a thread that ends with the process."""

    def __init__(self, root: Path) -> None:
        handler = partial(_Handler, root)
        self._server = _bind(handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, name="nn-lab", daemon=True).start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Windows, a second process could otherwise take the same port.
    allow_reuse_address = os.name == "posix"


def _bind(handler: partial[_Handler]) -> _Server:
    for port in (*PORTS, 0):
        try:
            return _Server(("127.0.0.1", port), handler)
        except OSError:
            if port == 0:
                raise
    raise AssertionError("port 0 either works or raises")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def __init__(self, root: Path, *arguments: object) -> None:
        self._root = root
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        status, name = HTTPStatus.OK, "version.json"
        if urlsplit(self.path).path == "/version.json":
            body = about()
        elif path := find(self._root, self.path):
            name = path.name
            body = path.read_bytes()
        else:
            status, name, body = HTTPStatus.NOT_FOUND, "none.txt", b"There is no such file."
        self.send_response(status)
        self.send_header("Content-Type", content_type(name))
        self.send_header("Content-Length", str(len(body)))
        for header, value in headers(name).items():
            self.send_header(header, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet: a kernel's output is shown in the notebook."""


@cache
def local_server() -> LocalServer:
    """Return the server of this process, and start it on first use."""
    return LocalServer(folder())
