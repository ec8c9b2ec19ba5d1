"""The lines of one file of a release, each with its number and its fields; what is wrong with one is told with both."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from training.errors import UnreadableDataSet
from training.movielens.releases import TextFile

LARGEST_ID = 2**31 - 1


def read_lines(folder: Path, layout: TextFile) -> Iterator[tuple[int, list[str]]]:
    """Every line after the header, with its number: as many fields as ``layout`` has columns.

    Raises UnreadableDataSet with the line of the first thing that is not right.
    """
    file = folder / layout.name
    line, width = 1, len(layout.columns)
    try:
        with file.open(encoding=_encoding(file, layout), newline="" if layout.has_header else None) as text:
            for line, fields in _split(text, layout):
                if len(fields) != width:
                    raise wrong(file, line, f"there are {len(fields)} fields and not {width}")
                yield line, fields
    except FileNotFoundError:
        raise UnreadableDataSet(f"There is no file {file}, which belongs to this release of MovieLens.") from None
    except OSError as error:
        raise UnreadableDataSet(f"The file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise wrong(file, _first_undecodable(file), "it is not text in UTF-8") from None
    except _NotCsv as error:
        raise wrong(file, error.line, f"it is not CSV ({error.reason})") from None
    except _OtherHeader:
        raise wrong(file, 1, f"the header is not {','.join(layout.columns)}") from None


def whole(file: Path, line: int, name: str, text: str, least: int = 1, most: int = LARGEST_ID) -> int:
    """The field ``name`` as a number. Raises UnreadableDataSet."""
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        raise wrong(file, line, f"{name} is not a whole number from {least} to {most}")
    return int(text)


def wrong(file: Path, line: int, what: str) -> UnreadableDataSet:
    """The refusal of a whole data set for one line of it."""
    return UnreadableDataSet(f"{file}, line {line}: {what}. Correct the file and try again; nothing was imported.")


class _OtherHeader(Exception):
    pass


class _NotCsv(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def _split(text: TextIO, layout: TextFile) -> Iterator[tuple[int, list[str]]]:
    if not layout.has_header:
        yield from _plain(text, layout.separator)
        return
    lines = _quoted(text)
    if next(lines, (1, None))[1] != list(layout.columns):
        raise _OtherHeader
    yield from lines


def _plain(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text, start=1):
        yield number, line.rstrip("\n").split(separator)


def _quoted(text: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """A field in quotes may hold line breaks: the number is that of the line where its record begins."""
    reader, line = csv.reader(text, strict=True), 1
    try:
        for fields in reader:
            yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise _NotCsv(line, str(error)) from None


def _encoding(file: Path, layout: TextFile) -> str:
    """The first encoding that fits; the only one without a look."""
    for encoding in layout.encodings[:-1]:
        try:
            file.read_bytes().decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return layout.encodings[-1]


def _first_undecodable(file: Path) -> int:
    """The number of the line; text is decoded in blocks, far ahead of the line that is read."""
    number = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):  # noqa: B007  # the number is what is wanted
            try:
                line.decode()
            except UnicodeDecodeError:
                break
    return number
