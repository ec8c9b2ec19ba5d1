"""Superset shows what happens: every chart of every dashboard, live, and the files are what is shown."""

import json
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from browser import open_browser
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from running_stack import Stack, patiently
from superset_pages import WINDOW, Superset

from stack.superset import assets
from stack.superset.client import SupersetApi, superset_api

# The first of them starts Superset, and where it is alone, everything else too
pytestmark = pytest.mark.timeout(900)

ANALYTICS, PIPELINE = "Dataflix Analytics", "Dataflix Pipeline"
REFRESHED_WITHIN = 120  # seconds: dashboards ask every ten, and a busy machine answers late


@pytest.fixture(scope="module")
def dashboards(stack: Stack) -> Stack:
    """The stack with Superset, and something that happened."""
    stack.must_run("up", "--with", "superset")
    user = stack.sign_up()
    stack.rate(user, 1, 4.5)
    for attempt in patiently():
        with attempt:
            assert stack.raw_rating(user, 1) == 4.5
    return stack


@pytest.fixture
def api(dashboards: Stack) -> Iterator[SupersetApi]:
    with superset_api(dashboards.settings) as api:
        yield api


@pytest.fixture
def reader(dashboards: Stack) -> Iterator[Client]:
    """ClickHouse as Superset's user."""
    address = dashboards.settings.clickhouse
    password = dashboards.settings.clickhouse_superset_password.get_secret_value()
    client = clickhouse_connect.get_client(host=address.host, port=address.port, username="superset", password=password)
    yield client
    client.close()


def test_every_chart_gets_its_data_through_superset(dashboards: Stack) -> None:
    for attempt in patiently():
        with attempt:
            answers = json.loads(dashboards.must_run("superset", "check", "--json"))["dashboards"]
            assert list(answers) == [ANALYTICS, PIPELINE]
            charts = {name: chart for answered in answers.values() for name, chart in answered.items()}
            assert len(charts) == sum(path.startswith("charts/") for path in assets.read())
            assert {name: chart["error"] for name, chart in charts.items() if chart["error"]} == {}
            assert [name for name, chart in charts.items() if not chart["rows"]] == []


def test_the_files_are_what_superset_holds(api: SupersetApi) -> None:
    files = assets.read()
    assert assets.unpacked(api.export_assets(), files) == files


def test_importing_again_keeps_every_identity_and_address(dashboards: Stack, api: SupersetApi) -> None:
    before = {board.title: (board.id, board.url, api.charts(board)) for board in api.dashboards()}
    dashboards.must_run("superset", "import")
    assert {board.title: (board.id, board.url, api.charts(board)) for board in api.dashboards()} == before


def test_dashboards_see_no_raw_row_and_cannot_write(reader: Client) -> None:
    assert reader.query("select count() from analytics.live_people").result_rows[0][0] > 0
    for refused in (
        "select count() from raw.users",
        "select count() from pipeline.readings",
        "create table analytics.mine (a Int8) engine = Memory",
        "set max_execution_time = 1000",
    ):
        with pytest.raises(DatabaseError):
            reader.command(refused)


def test_a_person_sees_every_chart_numbers_change_by_themselves_and_a_click_filters_them(
    dashboards: Stack, tmp_path: Path
) -> None:
    with open_browser(tmp_path, size=WINDOW) as driver, superset_api(dashboards.settings) as api:
        superset = Superset(driver, dashboards.settings)
        superset.log_in()
        for board in reversed(api.dashboards()):
            superset.open(board.url, charts=len(api.charts(board)))
            assert superset.failed() == []

        driver.execute_script("window.neverReloaded = true")
        viewings = superset.number("Total Watched Movies")
        assert viewings is not None
        title, ratings = superset.rows("Aggregated Ratings")[0][:2]
        query = {"title": title}
        (movie,) = dashboards.clickhouse.query(
            "select movie_id from analytics.stg_movies where title = {title:String}", parameters=query
        ).result_rows[0]
        user = dashboards.sign_up()
        dashboards.rate(user, movie, 5.0)
        assert dashboards.api.post("/watched", json={"user_id": user, "movie_id": movie}).status_code == 201
        for attempt in patiently(REFRESHED_WITHIN):
            with attempt:
                assert superset.number("Total Watched Movies") == viewings + 1
                assert [title, str(int(ratings) + 1)] in [row[:2] for row in superset.rows("Aggregated Ratings")]

        superset.filter_by(title)
        viewers = dashboards.clickhouse.query(
            "select uniqExact(event_id) from analytics.live_activity where kind = 'viewing' and title = {title:String}",
            parameters=query,
        ).result_rows[0][0]
        assert viewers < viewings
        for attempt in patiently(REFRESHED_WITHIN):
            with attempt:
                assert superset.number("Total Watched Movies") == viewers
        assert driver.execute_script("return window.neverReloaded") is True
        assert superset.failed() == []


def test_the_period_filters_and_a_chart_drills_down_to_its_rows(dashboards: Stack, tmp_path: Path) -> None:
    with open_browser(tmp_path, size=WINDOW) as driver, superset_api(dashboards.settings) as api:
        superset = Superset(driver, dashboards.settings)
        superset.log_in()
        (board,) = [board for board in api.dashboards() if board.title == ANALYTICS]
        for period, some in (("1990-01-01 : 1991-01-01", False), ("1990-01-01 : 2100-01-01", True)):
            superset.open_for(board.url, period)
            for attempt in patiently(REFRESHED_WITHIN):
                with attempt:
                    viewings = superset.number("Total Watched Movies")
                    assert viewings is not None
                    assert bool(viewings) is some
        said = superset.drill_to_detail("Users by State")
        assert "live_people" in said
        assert "California" in said
        assert superset.failed() == []
