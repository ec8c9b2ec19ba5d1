"""Superset in a browser: logging in, and what its dashboards show."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from dataflix.settings import Settings
from stack.servers.superset import USER

# Tall enough for a whole dashboard: what is out of sight is not drawn
WINDOW = (1500, 2000)
PATIENCE = 120  # seconds
# While a chart is drawn anew, its elements go, or something lies over them
PASSING = (StaleElementReferenceException, ElementClickInterceptedException)
# What stands in a chart that shows something; while it asks; and where it, or its frame, has failed
READ_PANELS = """
return [...document.querySelectorAll('.dashboard-component-chart-holder')].map(panel => ({
  title: panel.innerText.split('\\n')[0],
  shows: panel.querySelector('canvas, table, .header-line') !== null,
  asks: panel.querySelector("[data-test='loading-indicator'], .loading") !== null,
  errors: [...panel.querySelectorAll("[role='alert'], .ant-alert-error, .error-boundary")].map(one => one.innerText),
  number: panel.querySelector('.header-line')?.innerText ?? '',
  rows: [...panel.querySelectorAll('tbody tr')].map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText)),
  bottom: panel.getBoundingClientRect().bottom + window.scrollY,
}))
"""
# Drawn, and a moment later
NEXT_FRAMES = "const done = arguments[0]; setTimeout(() => requestAnimationFrame(() => done(null)), 400)"


@dataclass(frozen=True)
class Panel:
    """The frame of a chart, and what is in it."""

    title: str
    shows: bool
    asks: bool
    errors: list[str]
    number: str
    rows: list[list[str]]
    bottom: float


@dataclass
class Superset:
    """Superset of one home, in one browser."""

    driver: Chrome
    settings: Settings

    def log_in(self) -> None:
        self.driver.get(f"{self.settings.superset.url}/login/")
        self._wait(lambda: self._all("input[type=password]"))
        self._all("#username")[0].send_keys(USER)
        self._all("#password")[0].send_keys(self.settings.superset_admin_password.get_secret_value())
        self._all("[data-test='login-button']")[0].click()
        self._wait(lambda: "/login" not in self.driver.current_url)

    def open(self, path: str, charts: int) -> None:
        """Open a dashboard and wait until each of its charts shows something."""
        self.driver.get(f"{self.settings.superset.url}{path}")
        self._wait(lambda: len(self.panels()) == charts and not self.unfinished())

    def open_for(self, path: str, period: str) -> None:
        """Open a dashboard with its filter of the period set: `2001-01-01 : 2002-01-01`."""
        chosen = f"extraFormData:(time_range:'{period}'),filterState:(value:'{period}'),ownState:()"
        filters = f"(NATIVE_FILTER-period:({chosen},id:NATIVE_FILTER-period))"
        self.driver.get(f"{self.settings.superset.url}{path}?native_filters={filters}")

    def drill_to_detail(self, title: str) -> str:
        """Ask the menu of a chart for the rows behind it; what the dialog says once it shows rows."""
        self._wait(lambda: self._chosen(title, "Drill to detail"))
        self._wait(lambda: self._all("[role=dialog] .virtual-table-cell, [role=dialog] tbody td"))
        return self._all("[role=dialog]")[0].text

    def _chosen(self, title: str, item: str) -> bool:
        """Whether an item of a chart's menu was clicked on; the menu is opened for it."""
        panels = self._all(".dashboard-component-chart-holder")
        panel = next((panel for panel in panels if panel.text.startswith(title)), None)
        items = [one for one in self._all("[role=menuitem]") if one.text == item]
        if items:
            items[0].click()
        elif panel:
            panel.find_element(By.CSS_SELECTOR, "[aria-label='More Options']").click()
        return bool(items)

    def panels(self) -> list[Panel]:
        """The frames of the charts as they are at one moment: a chart that is drawn anew takes its elements away."""
        return [Panel(**panel) for panel in self.driver.execute_script(READ_PANELS)]

    def unfinished(self) -> list[str]:
        """The charts that show nothing yet, or still ask."""
        return [panel.title for panel in self.panels() if panel.asks or not panel.shows]

    def failed(self) -> list[str]:
        """What the charts that failed say."""
        return [said for panel in self.panels() for said in panel.errors]

    def number(self, title: str) -> int | None:
        """What a chart of one big number shows; None while it shows nothing."""
        panel = self._panel(title)
        return int(panel.number.replace(",", "")) if panel and panel.number else None

    def rows(self, title: str) -> list[list[str]]:
        """The rows of a table that are in sight."""
        panel = self._panel(title)
        return panel.rows if panel else []

    def _panel(self, title: str) -> Panel | None:
        """The frame of a chart, None while its dashboard is still being opened."""
        return next((panel for panel in self.panels() if panel.title == title), None)

    def filter_by(self, text: str) -> None:
        """Click on the cell of a table that says so: the other charts show what belongs to it."""
        self._wait(lambda: self._clicked(text))

    def _clicked(self, text: str) -> bool:
        cells = (cell for cell in self._all("tbody td") if cell.text == text)
        if cell := next(cells, None):
            cell.click()
        return cell is not None

    def settle(self) -> None:
        """Wait until nothing asks and nothing moves: charts are drawn with an animation of a second."""
        self._wait(lambda: not self.unfinished())
        before = b""
        deadline = time.monotonic() + PATIENCE
        while before != (before := self.driver.get_screenshot_as_png()) and time.monotonic() < deadline:
            WebDriverWait(self.driver, 1).until(lambda driver: driver.execute_async_script(NEXT_FRAMES) is None)

    def _all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def _wait(self, condition: Callable[[], object]) -> None:
        waiting = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=PASSING)
        waiting.until(lambda _: condition())
