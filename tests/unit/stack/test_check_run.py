"""What a test run comes to."""

from pathlib import Path

import pytest

from dataflix.settings import Settings
from stack.home import Home
from stack.optional import OPTIONS
from stack.services import services
from stack.testing import BETWEEN_STACKS, OFFSETS, PROCESSES, Outcome, read_report, reserve_offset

REPORT = '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="1"/></testsuites>'


def test_the_last_line_sums_over_all_suites() -> None:
    total = Outcome(passed=10, skipped=1) + Outcome(passed=5, failed=2)
    assert str(total) == "15 passed, 2 failed, 1 skipped"
    assert not total.is_good


def test_nothing_skipped_is_not_mentioned() -> None:
    assert str(Outcome(passed=3)) == "3 passed, 0 failed"
    assert Outcome(passed=3).is_good


def test_a_linter_that_complains_fails_the_run_and_is_named() -> None:
    outcome = Outcome(passed=3, broken=("mypy",))
    assert not outcome.is_good
    assert str(outcome).splitlines() == ["Failed beside the tests: mypy.", "3 passed, 0 failed"]


def test_a_report_counts_errors_as_failures(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    report.write_text(REPORT)
    assert read_report(report, "unit", 1) == Outcome(passed=5, failed=3, skipped=1)


@pytest.mark.parametrize("report", [None, '<testsuites><testsuite tests="1"/></testsuites>'])
def test_a_suite_that_ended_badly_without_a_failed_test_fails_the_run(tmp_path: Path, report: str | None) -> None:
    path = tmp_path / "unit.xml"
    if report:
        path.write_text(report)
    outcome = read_report(path, "unit", 4)
    assert outcome.broken == ("pytest unit",)
    assert not outcome.is_good


def test_two_runs_at_the_same_time_have_ports_of_their_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first, reservation = reserve_offset(settings)
    second, other = reserve_offset(settings)
    with reservation, other:
        assert first != second


def test_no_two_stacks_of_test_runs_lead_to_a_common_port(tmp_path: Path) -> None:
    def ports(offset: int) -> set[int]:
        table = services(Home(Settings(home=tmp_path, port_offset=offset, optional=",".join(OPTIONS)))).values()
        return {offset, *(port for service in table for port in service.ports.values())}

    stacks = [offset + process * BETWEEN_STACKS for offset in OFFSETS for process in range(PROCESSES)]
    every = [port for offset in stacks for port in ports(offset)]
    assert len(every) == len(set(every))
    assert max(every) < 32_768
