"""`status --strict`: when does the stream count as well?"""

import pytest

from stack.commands.status import _is_well
from stack.watching import Finding


def found(*levels: str) -> list[Finding]:
    return [Finding(f"probe{number}", level, "So it is.", {}) for number, level in enumerate(levels)]


@pytest.mark.parametrize(
    ("levels", "well"), [(("ok", "ok"), True), (("ok", "warning"), True), (("ok", "error"), False), ((), False)]
)
def test_an_error_or_a_watcher_that_has_not_looked_is_not_well(levels: tuple[str, ...], well: bool) -> None:
    assert _is_well(found(*levels)) is well
