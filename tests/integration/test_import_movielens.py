"""MovieLens into a real PostgreSQL, in a database of its own beside the sample."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from own_stack import Stack

from dataflix.settings import Settings
from training.__main__ import main
from training.errors import ImportRunning
from training.made_up_people import made_up_person
from training.movielens import load as loading
from training.movielens import mapped_rows
from training.movielens.data_set import DataSet
from training.movielens.files import read_data_set
from training.movielens.load import LOCK, Imported, load
from training.source_database import Connection, source_database

MOVIES = 30
PEOPLE = 12
TABLES = ("users", "movies", "watched_movies", "ratings")


@pytest.fixture(scope="module")
def database(stack: Stack, postgres: Settings) -> Settings:
    """The source with its sample, apart from the database of the other tests."""
    name = f"imports_{secrets.token_hex(4)}"
    for command in ("migrate", "load-sample"):
        stack.run("connectors", command, env={"DATAFLIX_POSTGRES_DATABASE": name})
    return postgres.model_copy(update={"postgres_database": name})


@pytest.fixture
def source(database: Settings) -> Iterator[Connection]:
    with source_database(database) as connection:
        yield connection


def a_folder(folder: Path, people: int = PEOPLE) -> Path:
    """A data set of which everybody rates every third movie, half a star more for each further person."""
    folder.mkdir()
    movies = [f"{7 * number},Film {number} (19{number + 40}),Drama|War" for number in range(1, MOVIES + 1)]
    ratings = [
        f"{person},{7 * number},{(person % 10 + 1) / 2},{1_000_000_000 + 60 * number}"
        for person in range(1, people + 1)
        for number in range(1, MOVIES + 1)
        if number % 3 == person % 3
    ]
    (folder / "movies.csv").write_text("\n".join(["movieId,title,genres", *movies, ""]), encoding="utf-8")
    (folder / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *ratings, ""]), encoding="utf-8")
    return folder


def a_data_set(folder: Path, people: int = PEOPLE) -> DataSet:
    return read_data_set(a_folder(folder, people))


def silent(_what: str, _rows: int) -> Callable[[int], None]:
    return lambda _done: None


def counts(source: Connection) -> dict[str, object]:
    return {table: source.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES}  # noqa: S608


def imported_ratings(source: Connection, data_set: DataSet) -> dict[tuple[int, int], tuple[Decimal, datetime, Any]]:
    """Ratings of the data set's people by the ids of MovieLens."""
    rows = source.execute(
        "SELECT u.movielens_id, m.movielens_id, rating, rated_at, liked FROM ratings "
        "JOIN imports.movielens_users AS u USING (user_id) JOIN imports.movielens_movies AS m USING (movie_id) "
        "WHERE u.data_set = %(name)s AND m.data_set = %(name)s",
        {"name": data_set.name},
    )
    return {(user, movie): rest for user, movie, *rest in rows}  # type: ignore[misc]


def test_every_rating_arrives_with_its_stars_and_its_moment(source: Connection, tmp_path: Path) -> None:
    data_set = a_data_set(tmp_path / "whole")

    new = load(source, data_set, silent)

    assert new == Imported(movies=MOVIES, people=PEOPLE, ratings=len(data_set.ratings))
    columns = data_set.ratings
    assert imported_ratings(source, data_set) == {
        (user, movie): [Decimal(str(stars)), datetime.fromtimestamp(second, UTC), None]
        for user, movie, stars, second in zip(
            columns.user_ids.tolist(),
            columns.movie_ids.tolist(),
            columns.stars.tolist(),
            columns.seconds.tolist(),
            strict=True,
        )
    }


def test_movies_have_title_year_and_genres_and_people_made_up_names(source: Connection, tmp_path: Path) -> None:
    data_set = a_data_set(tmp_path / "described")

    load(source, data_set, silent)

    movie = source.execute(
        "SELECT title, release_year, genre, director FROM movies JOIN imports.movielens_movies USING (movie_id) "
        "WHERE data_set = %s AND movielens_id = 14",
        [data_set.name],
    ).fetchone()
    assert movie == ("Film 2", 1942, "Drama|War", None)
    for user_id, *described in source.execute(
        "SELECT user_id, username, email, first_name, last_name "
        "FROM users JOIN imports.movielens_users USING (user_id) WHERE data_set = %s",
        [data_set.name],
    ):
        person = made_up_person(user_id)  # type: ignore[arg-type]
        assert described == [person.username, person.email, person.first_name, person.last_name]


def test_an_import_leaves_the_rows_that_are_there_and_their_ids_alone(source: Connection, tmp_path: Path) -> None:
    before = {table: source.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES}  # noqa: S608

    load(source, a_data_set(tmp_path / "beside"), silent)

    for table, rows in before.items():
        after = source.execute(f"SELECT * FROM {table} ORDER BY 1 LIMIT %s", [len(rows)]).fetchall()  # noqa: S608
        assert after == rows


def test_ids_that_somebody_chose_by_hand_are_stepped_over(source: Connection, tmp_path: Path) -> None:
    (highest,) = source.execute("SELECT max(movie_id) FROM movies").fetchone() or (0,)
    chosen = int(str(highest)) + 5  # in the midst of the ids that the import would take
    source.execute("INSERT INTO movies (movie_id, title) VALUES (%s, 'By hand')", [chosen])

    new = load(source, a_data_set(tmp_path / "by-hand"), silent)

    assert new.movies == MOVIES
    assert source.execute("SELECT title FROM movies WHERE movie_id = %s", [chosen]).fetchone() == ("By hand",)


def test_a_second_import_adds_nothing_and_keeps_what_people_changed(source: Connection, tmp_path: Path) -> None:
    data_set = a_data_set(tmp_path / "twice")
    load(source, data_set, silent)
    source.execute(
        "UPDATE ratings SET rating = 0.5, liked = false WHERE user_id = (SELECT user_id FROM imports.movielens_users "
        "WHERE data_set = 'twice' AND movielens_id = 9)"
    )
    before, ratings = counts(source), imported_ratings(source, data_set)

    new = load(source, data_set, silent)

    assert new == Imported(0, 0, 0)
    assert counts(source) == before
    assert imported_ratings(source, data_set) == ratings


def test_ratings_that_came_since_are_added(source: Connection, tmp_path: Path) -> None:
    load(source, a_data_set(tmp_path / "grown", people=5), silent)
    (tmp_path / "more").mkdir()

    new = load(source, a_data_set(tmp_path / "more" / "grown", people=8), silent)

    assert (new.movies, new.people) == (0, 3)
    assert new.ratings == 3 * MOVIES // 3


def test_the_same_number_in_another_data_set_is_another_person(source: Connection, tmp_path: Path) -> None:
    load(source, a_data_set(tmp_path / "first-release"), silent)

    new = load(source, a_data_set(tmp_path / "second-release"), silent)

    assert (new.movies, new.people) == (MOVIES, PEOPLE)


class PulledPlug(Exception):
    """What ends an import in the midst."""


@pytest.mark.parametrize("survived", [0, 2, 4, 6, 9, 20])
def test_an_import_that_broke_goes_on_where_it_was(
    source: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    monkeypatch.setattr(mapped_rows, "BATCH", 8)
    monkeypatch.setattr(loading, "BATCH", 8)
    data_set = a_data_set(tmp_path / f"broken-{survived}")
    batches = 0

    def until_the_plug_is_pulled(_what: str, _rows: int) -> Callable[[int], None]:
        def advance(_done: int) -> None:
            nonlocal batches
            batches += 1
            if batches > survived:
                raise PulledPlug

        return advance

    with pytest.raises(PulledPlug):
        load(source, data_set, until_the_plug_is_pulled)
    arrived = len(imported_ratings(source, data_set))

    new = load(source, data_set, silent)

    assert new.ratings == len(data_set.ratings) - arrived
    assert len(imported_ratings(source, data_set)) == len(data_set.ratings)
    assert load(source, data_set, silent) == Imported(0, 0, 0)


def test_movies_that_were_deleted_come_back_with_their_ratings(source: Connection, tmp_path: Path) -> None:
    data_set = a_data_set(tmp_path / "deleted")
    load(source, data_set, silent)
    source.execute(
        "DELETE FROM movies WHERE movie_id IN (SELECT movie_id FROM imports.movielens_movies "
        "WHERE data_set = 'deleted' AND movielens_id <= 21)"
    )

    new = load(source, data_set, silent)

    assert (new.movies, new.people, new.ratings) == (3, 0, PEOPLE)


def test_one_import_at_a_time(database: Settings, source: Connection, tmp_path: Path) -> None:
    with source_database(database) as another:
        another.execute("SELECT pg_advisory_lock(%s)", [LOCK])

        with pytest.raises(ImportRunning, match="wait until it is done"):
            load(source, a_data_set(tmp_path / "second"), silent)


@pytest.fixture
def import_movielens(
    database: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path], tuple[int, str]]:
    """Runs the command on a folder; its exit code and what it printed."""
    monkeypatch.setenv("DATAFLIX_HOME", str(database.home))
    monkeypatch.setenv("DATAFLIX_POSTGRES_DATABASE", database.postgres_database)

    def run(folder: Path) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["training", "import-movielens", str(folder)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out + printed.err

    return run


def test_the_command_tells_what_is_new(import_movielens: Callable[[Path], tuple[int, str]], tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "told")

    code, printed = import_movielens(folder)

    assert code == 0
    assert f"{MOVIES} movies, {PEOPLE} people and {PEOPLE * MOVIES // 3} ratings of told are new" in printed


def test_a_bad_line_stops_the_import_before_it_begins(
    import_movielens: Callable[[Path], tuple[int, str]], source: Connection, tmp_path: Path
) -> None:
    folder = a_folder(tmp_path / "bad")
    with (folder / "ratings.csv").open("a", encoding="utf-8") as file:
        file.write("1,7,six,1000000000\n")
    before = counts(source)

    code, printed = import_movielens(folder)

    assert code == 2
    assert f"ratings.csv, line {PEOPLE * MOVIES // 3 + 2}: rating is not" in printed
    assert "Traceback" not in printed
    assert counts(source) == before


def test_a_database_that_is_away_is_a_sentence(
    import_movielens: Callable[[Path], tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAFLIX_POSTGRES_PORT", "1")

    code, printed = import_movielens(a_folder(tmp_path / "away"))

    assert code == 1
    assert "does not answer dataflix_admin" in printed
    assert "Traceback" not in printed


def test_a_database_without_our_tables_is_a_sentence(
    import_movielens: Callable[[Path], tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAFLIX_POSTGRES_DATABASE", "postgres")

    code, printed = import_movielens(a_folder(tmp_path / "early"))

    assert code == 1
    assert "has no tables of Dataflix yet" in printed
