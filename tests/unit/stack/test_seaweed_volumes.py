"""Volumes of the object store after a kill: what was acknowledged stays to the byte, an unfinished write goes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.servers.seaweed_volumes import cut_unnamed_tail

SUPER_BLOCK = b"\x03" + bytes(7)


def needle(key: int, body: bytes) -> bytes:
    written = b"cook" + key.to_bytes(8, "big") + len(body).to_bytes(4, "big") + body + b"crc." + b"12345678"
    return written + bytes(8 - len(written) % 8)


def entry(key: int, offset: int, size: int) -> bytes:
    units = offset // 8
    return (
        key.to_bytes(8, "big")
        + (units & 0xFFFFFFFF).to_bytes(4, "big")
        + bytes([units >> 32])
        + size.to_bytes(4, "big", signed=True)
    )


def a_volume(folder: Path, bodies: list[bytes], tail: bytes = b"") -> tuple[Path, bytes]:
    """A volume with a needle for each body (an empty one is a deletion) and ``tail`` behind them, and what is named."""
    data, index = SUPER_BLOCK, b""
    for key, body in enumerate(bodies, start=1):
        index += entry(key, len(data), len(body) or -1)
        data += needle(key, body)
    volume = folder / "models_2.dat"
    volume.write_bytes(data + tail)
    volume.with_suffix(".idx").write_bytes(index)
    return volume, data


@given(bodies=st.lists(st.binary(max_size=40), min_size=1, max_size=5), tail=st.binary(max_size=60))
def test_what_the_index_names_stays_and_the_tail_goes(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], tail: bytes
) -> None:
    volume, named = a_volume(tmp_path_factory.mktemp("volume"), bodies, tail)
    assert cut_unnamed_tail(volume) == len(tail)
    assert volume.read_bytes() == named
    assert cut_unnamed_tail(volume) == 0


def test_the_sorted_index_of_a_read_only_volume_goes_with_the_tail(tmp_path: Path) -> None:
    volume, _ = a_volume(tmp_path, [b"a model"], needle(2, b"unfinished"))
    volume.with_suffix(".sdx").touch()
    cut_unnamed_tail(volume)
    assert not volume.with_suffix(".sdx").exists()


def test_nothing_is_cut_when_the_needle_is_not_where_the_index_says(tmp_path: Path) -> None:
    volume, named = a_volume(tmp_path, [b"a model"], b"tail")
    volume.with_suffix(".idx").write_bytes(entry(9, 8, len(b"a model")))
    assert cut_unnamed_tail(volume) == 0
    assert volume.read_bytes() == named + b"tail"


@pytest.mark.parametrize("index", [b"", b"torn"])
def test_nothing_is_cut_by_an_empty_or_torn_index(tmp_path: Path, index: bytes) -> None:
    volume, named = a_volume(tmp_path, [b"a model"], b"tail")
    volume.with_suffix(".idx").write_bytes(index)
    assert cut_unnamed_tail(volume) == 0
    assert volume.read_bytes() == named + b"tail"


def test_a_volume_without_an_index_is_left_alone(tmp_path: Path) -> None:
    volume, _ = a_volume(tmp_path, [b"a model"], b"tail")
    volume.with_suffix(".idx").unlink()
    assert cut_unnamed_tail(volume) == 0
