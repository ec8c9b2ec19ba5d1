"""Digests over files: what has changed since it was last read."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_GENERATED = frozenset({"__pycache__", "target", "logs"})


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
        for inside in sorted(path.rglob("*")) if path.is_dir() else ():
            if inside.is_file() and not _GENERATED & set(inside.relative_to(path).parts):
                yield inside


def digest(paths: Iterable[Path]) -> str:
    """Changes with the place or the content of any file at or below ``paths``; generated folders do not count."""
    total = hashlib.sha256()
    for path in _files(paths):
        total.update(f"{path}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
