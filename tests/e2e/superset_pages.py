"""Superset in a browser: logging in, and what its dashboards show."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from dataflix.settings import Settings
from stack.servers.superset import USER

# Tall enough for a whole dashboard: what is out of sight is not drawn
WINDOW = (1500, 2000)
PATIENCE = 120  # seconds
SHOWN = "canvas, table, .header-line"
# While a chart asks, and where one or its frame has failed
ASKING = "[data-test='loading-indicator'], .loading"
FAILED = "[role='alert'], .ant-alert-error, .error-boundary"


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

    def panels(self) -> list[WebElement]:
        """The frames of the charts."""
        return self._all(".dashboard-component-chart-holder")

    def panel(self, title: str) -> WebElement:
        """The frame of the chart of this name."""
        return next(panel for panel in self.panels() if panel.text.startswith(title))

    def unfinished(self) -> list[str]:
        """The charts that show nothing yet, or still ask."""
        return [
            panel.text.partition("\n")[0]
            for panel in self.panels()
            if not panel.find_elements(By.CSS_SELECTOR, SHOWN) or panel.find_elements(By.CSS_SELECTOR, ASKING)
        ]

    def failed(self) -> list[str]:
        """What the charts that failed say."""
        return [found.text for panel in self.panels() for found in panel.find_elements(By.CSS_SELECTOR, FAILED)]

    def number(self, title: str) -> int:
        """What a chart of one big number shows."""
        return int(self.panel(title).find_element(By.CSS_SELECTOR, ".header-line").text.replace(",", ""))

    def rows(self, title: str) -> Iterator[list[str]]:
        """The rows of a table that are in sight."""
        for row in self.panel(title).find_elements(By.CSS_SELECTOR, "tbody tr"):
            yield [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]

    def settle(self) -> None:
        """Wait until nothing asks and nothing moves: charts are drawn with an animation of a second."""
        self._wait(lambda: not self.unfinished())
        before = b""
        deadline = time.monotonic() + PATIENCE
        while before != (before := self.driver.get_screenshot_as_png()) and time.monotonic() < deadline:
            WebDriverWait(self.driver, 1).until(lambda driver: driver.execute_async_script(NEXT_FRAMES) is None)

    def _all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def _wait(self, condition: object) -> None:
        waiting = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=(StaleElementReferenceException,))
        assert callable(condition)
        waiting.until(lambda _: condition())


NEXT_FRAMES = "const done = arguments[0]; setTimeout(() => requestAnimationFrame(() => done(null)), 400)"
