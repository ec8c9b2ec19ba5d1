"""How the live page is served: whole, to everybody, by nobody else, and without a way for text to become markup."""

import re
from pathlib import Path

import pytest
from serving import an_api

from api.live_page import FOLDER, read_files
from api.tokens import Scope, TokenFile
from dataflix.settings import Settings

PATHS = ["/", *(f"/page/{name}" for name in read_files())]


@pytest.mark.parametrize("path", PATHS)
async def test_each_file_is_there_and_who_has_it_does_not_get_it_again(path: str) -> None:
    async with an_api().client() as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status, again.status) == (200, 304)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_allows_no_inline_script_or_style_and_nothing_from_elsewhere() -> None:
    async with an_api().client() as client:
        policy = (await client.get("/")).headers["Content-Security-Policy"]
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
    assert rules["default-src"] == ["'none'"]
    assert rules["require-trusted-types-for"] == ["'script'"]
    sources = {source for name, allowed in rules.items() if name.endswith("-src") for source in allowed}
    assert sources == {"'none'", "'self'"}


async def test_the_page_needs_no_token_though_its_data_do(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, api_host="0.0.0.0")  # noqa: S104 nothing listens there
    TokenFile(tmp_path).create("reader", Scope.READ)
    async with an_api(settings=settings).client() as client:
        assert [(await client.get(path)).status for path in PATHS] == [200] * len(PATHS)
        assert (await client.get("/users")).status == 401


async def test_another_name_is_no_file_of_the_page() -> None:
    async with an_api().client() as client:
        for name in ("nothing.js", "..%2Fapp.py", "%2E%2E%2Flive_page.py"):
            assert (await client.get(f"/page/{name}")).status == 404


def test_whatever_a_file_names_is_there_and_nothing_comes_from_elsewhere() -> None:
    files = read_files()
    named = re.compile(r"""(?:from "\./|"/page/)([\w.]+)""")
    for path in sorted(FOLDER.iterdir()):
        text = path.read_text()
        assert set(named.findall(text)) <= files.keys(), path.name
        assert not re.search(r"""(?:https?:)?//(?!www\.w3\.org/)[a-z]+\.""", text), path.name


def test_no_module_makes_markup_of_text() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser")
    for path in FOLDER.glob("*.js"):
        assert not forbidden.search(path.read_text()), path.name
