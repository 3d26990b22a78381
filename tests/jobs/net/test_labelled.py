"""Labelled pictures for a network: its size and channels, and pictures of them that replace none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from convtool.errors import ArgumentError, OutputError
from convtool.io.limits import Limits
from convtool.jobs.net.labelled import check_picture, read_for, size_of
from convtool.net import ops
from convtool.net.network import Input, Layer, Network
from tests.net.data.lines import lines, write_lines, write_npz
from tests.tolerances import assert_equal


def network(**source: Any) -> Network:
    return Network("net", Input(**source), (Layer("a", ops.Identity(), ("input",)),), ("a",))


class TestReading:
    @pytest.mark.parametrize(
        ("source", "size", "shape"),
        [
            ({}, None, (1, 8, 8)),
            ({"size": (4, 5)}, None, (1, 4, 5)),
            ({}, 4, (1, 4, 4)),
            ({}, (4, 5), (1, 4, 5)),
            ({"channels": 3}, None, (3, 8, 8)),
            ({"channels": 3, "size": (8, 8)}, None, (3, 8, 8)),
        ],
    )
    def test_is_in_the_size_and_channels_of_the_network(
        self, source: dict[str, Any], size: Any, shape: tuple[int, ...]
    ) -> None:
        write_npz("lines.npz", 6)
        notices: list[str] = []
        told: list[tuple[int, int]] = []
        data = read_for(
            network(**source),
            "lines.npz",
            size=size,
            limits=Limits(),
            notify=notices.append,
            progress=lambda *counts: told.append(counts),
        )
        assert data.images.shape == (6, *shape)
        if shape[1:] == (8, 8):
            for plane in range(shape[0]):
                assert_equal(data.images[:, plane], lines(6)[0])
            assert notices == []
        else:
            assert notices == [f"lines.npz: 6 of 6 picture(s) resized to {shape[1]}×{shape[2]}"]
            assert told == [(number, 6) for number in range(1, 7)]

    def test_a_size_is_the_networks_or_the_one_asked_for(self) -> None:
        assert size_of("net", None, None) is None
        assert size_of("net", (4, 5), None) == (4, 5)
        assert size_of("net", None, (6, 7)) == (6, 7)
        assert size_of("net", None, 6) == (6, 6)
        with pytest.raises(ArgumentError, match=r"^net reads images of 4×5; leave --size out$"):
            size_of("net", (4, 5), (4, 5))


class TestPicture:
    @pytest.fixture(autouse=True)
    def given(self) -> None:
        """Two folders of pictures, and a picture and an older output that are in neither."""
        for folder in ("lines", "others"):
            write_lines(Path(folder), 2)
        Path("model.npz").write_bytes(b"model")
        Path("older.png").write_bytes(b"older")
        Path("linked.png").hardlink_to("others/upright/001.png")
        Path("link.png").symlink_to("lines/level/000.png")
        Path("folder.png").mkdir()

    @pytest.mark.parametrize("path", ["new.png", "older.png", "lines/new.png", "lines/level/new.png", "-"])
    def test_may_go_where_nothing_is_read(self, path: str) -> None:
        check_picture(path, ["model.npz", "lines", "others", "", "-", "nope"])

    @pytest.mark.parametrize(
        ("path", "source"),
        [
            ("lines/level/000.png", "lines/level/000.png"),
            ("others/../lines/level/000.png", "lines/level/000.png"),
            ("others/upright/001.png", "others/upright/001.png"),
            ("linked.png", "others/upright/001.png"),
            ("link.png", "lines/level/000.png"),
            ("older.png", "older.png"),
        ],
    )
    def test_never_over_one_that_is_read(self, path: str, source: str) -> None:
        says = f"^{path}: the output would replace the input {source}; name another$"
        with pytest.raises(ArgumentError, match=says):
            check_picture(path, ["model.npz", "lines", "others", "older.png"])

    @pytest.mark.parametrize(
        ("path", "error", "says"),
        [
            ("new.jpg", ArgumentError, r"^new\.jpg: a picture is written as \.png$"),
            (
                "model.npz",
                ArgumentError,
                r"^model\.npz: the output would replace the input model\.npz; name a",
            ),
            ("folder.png", OutputError, r"^folder\.png: it is a folder; name a file in it$"),
            ("", ArgumentError, "^-o is empty; name a file, or - for standard output$"),
        ],
    )
    def test_go_only_where_a_picture_can(self, path: str, error: type[Exception], says: str) -> None:
        with pytest.raises(error, match=says):
            check_picture(path, ["model.npz", "lines"])

    def test_is_named_by_its_option(self) -> None:
        with pytest.raises(
            ArgumentError, match=r"^--curves is empty; name a file, or - for standard output$"
        ):
            check_picture("", ["model.npz", "lines"], "--curves")
