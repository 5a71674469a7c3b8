"""An extension of Jupyter Server that serves the site below the address ``nn-lab/``.

It works wherever Jupyter works, also with JupyterHub and with kernels on other computers. The wheel enables it with
``etc/jupyter/jupyter_server_config.d/nn_lab.json``.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tornado.web import RequestHandler, StaticFileHandler

from nn_lab import site

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

F = TypeVar("F", bound=Callable[..., Any])

try:
    from jupyter_server.auth.decorator import allow_unauthenticated
except ImportError:  # before Jupyter Server 2.13

    def allow_unauthenticated(method: F) -> F:
        return method


_COMPRESSED = {".wasm", ".js", ".css"}


@lru_cache(maxsize=32)
def _compressed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6)


class SiteHandler(StaticFileHandler):
    """Serves the files of the site. Like Jupyter's own scripts, they are public: there is nothing of the user in them."""

    def set_extra_headers(self, path: str) -> None:
        for header, value in site.headers(path).items():
            self.set_header(header, value)

    def get_content_type(self) -> str:
        return site.content_type(self.absolute_path or "")

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        file = site.find(Path(self.root), f"/{path}")
        # The programs are several times as large without compression, and Jupyter can be on another continent.
        accepted = self.request.headers.get("Accept-Encoding", "")
        if file and site.is_fixed(path) and file.suffix in _COMPRESSED and "gzip" in accepted:
            self.absolute_path = str(file)
            body = await asyncio.to_thread(_compressed, file)
            self.set_extra_headers(path)
            self.set_header("Content-Type", site.content_type(path))
            self.set_header("Content-Encoding", "gzip")
            self.set_header("Vary", "Accept-Encoding")
            await self.finish(body)
        else:
            await super().get(path, include_body)

    @allow_unauthenticated
    async def head(self, path: str) -> None:
        await super().get(path, include_body=False)


class VersionHandler(RequestHandler):
    """Tells the widget that the site is served here."""

    @allow_unauthenticated
    def get(self) -> None:
        for header, value in site.headers("version.json").items():
            self.set_header(header, value)
        self.set_header("Content-Type", "application/json")
        self.write(site.about())


def _load_jupyter_server_extension(app: ServerApp) -> None:
    try:
        root = site.folder()
    except site.NoSite as problem:
        app.log.warning("nn_lab: %s", problem)
        return
    base = app.web_app.settings["base_url"].rstrip("/")
    arguments: dict[str, Any] = {"path": str(root), "default_filename": "index.html"}
    app.web_app.add_handlers(  # type: ignore[no-untyped-call]
        ".*$",
        [(rf"{base}/nn-lab/version\.json", VersionHandler), (rf"{base}/nn-lab/(.*)", SiteHandler, arguments)],
    )
