"""What a visit works with: the API of the settings or of the command line, and its catalogue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from cli.arguments import Choices
from cli.catalogue import Catalogue, PageFile
from cli.place import shell_folder
from cli.rest import Rest
from cli.session import Session
from dataflix.settings import load_settings


@asynccontextmanager
async def open_session(choices: Choices) -> AsyncIterator[Session]:
    """A session in which nobody is there yet. Raises SettingsError."""
    url = choices.api or load_settings().api.url
    kept = PageFile(shell_folder() / f"movies-{sha256(url.encode()).hexdigest()[:12]}.json")
    async with Rest(url, choices.token) as api:
        yield Session(api, Catalogue(api, kept))
