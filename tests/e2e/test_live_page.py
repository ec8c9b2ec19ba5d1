"""The live page in a real browser, on the whole stack."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_core_python.selenium import Axe
from browser import open_browser
from running_stack import Stack, patiently
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

NARROW = 320


class Page:
    """The page in one window, as somebody uses it."""

    def __init__(self, driver: Chrome, url: str, person: int | None = None) -> None:
        self.driver = driver
        driver.get(f"{url}/" + (f"#person={person}" if person else ""))
        self.shows_list()

    def part(self, selector: str) -> str:
        """The text of the first element of a selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    @property
    def titles(self) -> list[str]:
        script = "return [...document.querySelectorAll('[data-list] h3')].map((one) => one.firstChild.data)"
        return list(self.driver.execute_script(script))

    def shows_list(self) -> list[str]:
        for attempt in patiently():
            with attempt:
                assert self.part("[data-word]") == "Live"
                assert len(self.titles) >= 5
        return self.titles

    def rate_place(self, place: int, *, stars: float = 5) -> str:
        """Give stars to what stands at a place of the list; returns its title."""
        title = self.titles[place]
        row = self.driver.find_elements(By.CSS_SELECTOR, "[data-list] > li")[place]
        radio = row.find_element(By.CSS_SELECTOR, f"input[type=radio][value='{stars:g}']")
        self.driver.execute_script("arguments[0].click()", radio)
        return title

    def problems(self) -> list[str]:
        """What axe finds."""
        found = Axe().run(self.driver)
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]

    def complaints(self) -> list[str]:
        """What the browser complained of, its log of failed requests aside."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["source"] != "network"]


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Chrome]:
    with open_browser(tmp_path) as opened:
        yield opened


def test_a_rating_reorders_the_list_and_tells_how_long_it_took(stack: Stack, driver: Chrome) -> None:
    page = Page(driver, stack.settings.api.url, stack.sign_up(first_name="Unmistakable"))
    before = page.shows_list()
    rated = page.rate_place(2)
    for attempt in patiently():
        with attempt:
            assert rated not in page.titles
            assert page.titles != before
            assert "ms" in page.part("[data-journey-time]")
            assert page.part("[data-passed]").startswith("rating_id")
            assert "Because" in page.part("[data-list]")
    assert "Unmistakable" not in driver.page_source
    assert page.complaints() == []


def test_two_windows_show_the_same(stack: Stack, driver: Chrome, tmp_path: Path) -> None:
    person = stack.sign_up()
    with open_browser(tmp_path) as other:
        pages = [Page(window, stack.settings.api.url, person) for window in (driver, other)]
        rated = pages[0].rate_place(0)
        for page in pages:
            for attempt in patiently():
                with attempt:
                    assert rated not in page.titles
                    assert len(page.titles) >= 5


def test_it_says_when_the_api_is_away_and_comes_back_by_itself(stack: Stack, driver: Chrome) -> None:
    page = Page(driver, stack.settings.api.url, stack.sign_up())
    driver.execute_script(
        "window.words = []; new MutationObserver(() => words.push(document.querySelector('[data-word]').textContent))"
        ".observe(document.querySelector('[data-part=status]'), {subtree: true, childList: true, characterData: true})"
    )
    stack.must_run("restart", "api")
    for attempt in patiently():
        with attempt:
            words = driver.execute_script("return words")
            assert "No connection" in words
            assert words[-1] == "Live"
    page.shows_list()  # empty for as long as the API reads what it had known
    rated = page.rate_place(0)
    for attempt in patiently():
        with attempt:
            assert rated not in page.titles


def test_it_fits_a_narrow_screen(stack: Stack, driver: Chrome) -> None:
    page = Page(driver, stack.settings.api.url, 1)
    size = {"width": NARROW, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.shows_list()
    assert driver.execute_script("return document.documentElement.scrollWidth") <= NARROW


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(stack: Stack, driver: Chrome, scheme: str) -> None:
    features = [  # at rest: half faded in, any text lacks contrast
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page = Page(driver, stack.settings.api.url, 1)
    assert page.problems() == []
    driver.find_element(By.CSS_SELECTOR, "[data-part=person]").click()
    for attempt in patiently():
        with attempt:
            assert driver.find_elements(By.CSS_SELECTOR, "[data-people] button")
    assert page.problems() == []


def test_markup_in_a_title_is_text(stack: Stack, driver: Chrome) -> None:
    title = "<img src=x onerror='document.title=`taken`'> & <b>Bold</b>"
    with stack.source() as source:
        source.execute("INSERT INTO movies (title, genre, release_year) VALUES (%s, 'Drama', 2026)", [title])
    try:
        page = Page(driver, stack.settings.api.url, 1)
        search = driver.find_element(By.CSS_SELECTOR, "[data-search]")
        search.send_keys("Bold")
        for attempt in patiently():
            with attempt:
                assert title in page.part("[data-found]")
        assert not driver.find_elements(By.CSS_SELECTOR, "[data-found] b, [data-found] img")
        assert driver.title == "Dataflix, live"
    finally:
        with stack.source() as source:
            source.execute("DELETE FROM movies WHERE title = %s", [title])


def test_the_keyboard_is_enough(stack: Stack, driver: Chrome) -> None:
    page = Page(driver, stack.settings.api.url, stack.sign_up())
    before = page.titles
    driver.find_element(By.CSS_SELECTOR, "[data-list-title]").send_keys("")
    for _ in range(40):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        if driver.switch_to.active_element.get_attribute("type") == "radio":
            break
    driver.switch_to.active_element.send_keys(Keys.SPACE)
    for attempt in patiently():
        with attempt:
            assert page.titles != before
            assert "ms" in page.part("[data-journey-time]")
