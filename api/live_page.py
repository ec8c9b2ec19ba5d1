"""``/``: the live page. Its files are read once, at start; nothing comes from elsewhere, and nothing is built."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from api.problems import Problem

FOLDER = Path(__file__).parent / "page"
START = "index.html"
FILES_PATH = "/page/{name}"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Scripts, style and pictures of this origin, and no text that becomes markup: a title stays a title.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
}
Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is served."""

    body: bytes
    media_type: str

    def response(self) -> web.Response:
        """The answer that carries it."""
        return web.Response(body=self.body, content_type=self.media_type, charset="utf-8", headers=HEADERS)


def read_files(folder: Path = FOLDER) -> Mapping[str, PageFile]:
    """The files of the page by name: those whose kind the page knows."""
    return {
        path.name: PageFile(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(folder.iterdir())
        if path.suffix in _TYPES
    }


def serve_start(files: Mapping[str, PageFile]) -> Handler:
    """A handler that answers with the page itself."""

    async def read_page(_request: web.Request) -> web.Response:
        return files[START].response()

    return read_page


def serve_file(files: Mapping[str, PageFile]) -> Handler:
    """A handler that answers with the file that the path names. It raises Problem for another."""

    async def read_page_file(request: web.Request) -> web.Response:
        file = files.get(request.match_info["name"])
        if file is None:
            raise Problem(HTTPStatus.NOT_FOUND, "The page has no such file.")
        return file.response()

    return read_page_file
