"""Pictures for the documentation, of the running stack with its sample: run by ``bin/dataflix pictures``.

``shell.svg`` is a film of a real session; ``page.webp`` the live page.
"""

import os
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

import pytest
from browser import open_browser
from film import Film
from running_stack import patiently
from selenium.webdriver.common.by import By
from terminal import Terminal, at_a_terminal

from dataflix.settings import load_settings

COLUMNS, ROWS = 92, 22
DOWN, TAB, ENTER = "\x1b[B", "\t", "\r"
RATED = "Coco"  # which user 1 of the sample has not rated
WINDOW = (1440, 1000)
PICTURE = {"format": "webp", "quality": 85}


def film_of_the_shell(file: Path) -> None:
    """Somebody finds the list, rates a movie, sees the list move, and takes it back."""
    film = Film(COLUMNS, ROWS)

    def write(person: Terminal, text: str) -> None:
        for char in text:
            person.type(char)
            person.pump(0.1)
            film.take(person.screen, 0.12)

    with at_a_terminal(os.environ, columns=COLUMNS, rows=ROWS) as person:
        person.sees("Who is watching?", "live")
        film.take(person.screen, 1.8)
        person.type(DOWN)
        person.sees("▸")
        film.take(person.screen, 0.7)
        person.type(ENTER)
        person.sees("For J*** D**", "Because of")
        film.take(person.screen, 2.5)
        write(person, f"rate {RATED[:3].lower()}")
        person.sees(RATED)
        film.take(person.screen, 0.9)
        write(person, TAB + "5")
        person.type(ENTER)
        person.sees("ms from the commit to this list", "has ★★★★★")
        film.take(person.screen, 4.5)
        write(person, "undo")
        person.type(ENTER)
        person.sees("no stars of yours any more")
        person.pump(1.5)
        film.take(person.screen, 2.5)
    file.write_text(film.svg("A session in the shell: a rating moves the list"))


def picture_of_the_page(file: Path) -> None:
    """The live page, with a list and its reasons."""
    with tempfile.TemporaryDirectory() as profile, open_browser(Path(profile), size=WINDOW) as driver:
        driver.get(f"{load_settings().api.url}/#person=1")
        for attempt in patiently():
            with attempt:
                assert "Because" in driver.find_element(By.CSS_SELECTOR, "[data-list]").text
        file.write_bytes(b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", PICTURE)["data"]))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        film_of_the_shell(folder / "shell.svg")
        picture_of_the_page(folder / "page.webp")
    except pytest.skip.Exception as missing:
        sys.exit(f"Pictures take a browser: {missing}.")
