"""Tables in the width there is."""

from hypothesis import given
from hypothesis import strategies as st

from cli.layout import Cell, Column, Row, Table, clip, fit, line_width, printable, spread, width_of, wrap

WORDS = st.text(st.sampled_from("ab é千神👩🎬\u0301 \t\x1b"), max_size=12)


@given(WORDS, st.integers(1, 20), st.booleans())
def test_a_text_takes_the_columns_it_is_given(text: str, width: int, right: bool) -> None:
    assert width_of(fit(printable(text), width, right=right)) == width


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=6), st.integers(8, 60))
def test_every_line_of_a_table_is_as_wide_as_it_may_be(rows: list[tuple[str, str, str]], width: int) -> None:
    columns = (Column("A", grows=True, least=4), Column("B", importance=1), Column("C", importance=2, right=True))
    table = Table(columns, tuple(Row(tuple(map(Cell, row))) for row in rows))
    lines = [table.head(width), *(table.line(row, width) for row in table.rows)]
    assert {line_width(line) for line in lines} == {width}


def test_what_matters_least_goes_first() -> None:
    columns = (Column("Title", grows=True, least=10), Column("Year", importance=1), Column("Director", importance=2))
    table = Table(columns, (Row((Cell("A long title indeed"), Cell("1999"), Cell("Somebody"))),))
    assert [bool(width) for width in table.widths(40)] == [True, True, True]
    assert [bool(width) for width in table.widths(20)] == [True, True, False]
    assert [bool(width) for width in table.widths(12)] == [True, False, False]


@given(st.text(st.sampled_from("ab 千🎬"), max_size=80), st.integers(4, 30))
def test_wrapped_lines_fit_and_lose_no_word(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(width_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(WORDS, WORDS, st.integers(1, 40))
def test_two_ends_of_a_line_fit(left: str, right: str, width: int) -> None:
    line = spread([("", printable(left))], [("", printable(right))], width)
    assert line_width(line) <= max(width, 1)
    assert line_width(clip(line, width)) <= width


def test_what_could_steer_a_terminal_is_taken_out() -> None:
    assert printable("a\x1b[2Jb\x07") == "a [2Jb "
