"""Where training starts: names and files of architectures, networks that go on, and how images are scaled."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.filters import read_filter
from convtool.io.limits import MAX_JSON_BYTES, Limits
from convtool.io.networks import FORMAT
from convtool.net.data.dataset import Dataset
from convtool.net.files import encode_network
from convtool.net.network import Input, Network
from convtool.net.training import beginning
from convtool.net.training.architectures import Architecture, initialized, named_architecture
from convtool.net.training.beginning import begun, moments, read_architecture, reads
from tests.net.every_kind import assert_same_network
from tests.net.training.lessons import CLASSES, SIDE, lines, small_network
from tests.strategies import generators
from tests.tolerances import assert_near

CONV = {"kind": "conv", "filters": 4, "size": 3}
REST = [{"kind": "flatten"}, {"kind": "dense"}, {"kind": "softmax"}]


def architecture(**keys: Any) -> Architecture:
    spec = {"format": FORMAT, "layers": [CONV, *REST], **keys}
    return Architecture(spec, lambda name: read_filter(name).bank, "own")


def read(name: str | Path) -> Architecture | Network:
    notices: list[str] = []
    found = read_architecture(str(name), notices.append, Limits.of())
    assert notices == []
    return found


class TestReading:
    def test_a_name(self) -> None:
        found = read("notes-cnn")
        assert isinstance(found, Architecture)
        assert found.spec == named_architecture("notes-cnn").spec
        assert found.name == "notes-cnn"
        assert found.find_filter("sobel-x").weights.shape == (1, 1, 3, 3)

    @pytest.mark.parametrize(
        ("name", "guess"),
        [
            ("notes", r"did you mean notes-cnn\? "),
            ("note-cnn", r"did you mean notes-cnn or deep-cnn\? "),
            ("vgg16", ""),
        ],
    )
    def test_a_name_that_is_none_has_a_guess(self, name: str, guess: str) -> None:
        message = f"^there is no architecture '{name}'; {guess}there are deep-cnn, notes-cnn, or name a file$"
        with pytest.raises(ArgumentError, match=message):
            read(name)

    def test_a_spec_finds_filters_beside_it(self, tmp_path: Path) -> None:
        (tmp_path / "own.json").write_text(json.dumps({"weights": [[1, 2], [3, 4]]}))
        layers = [{"kind": "conv", "weights": "own.json"}, *REST]
        path = tmp_path / "net.json"
        path.write_text("\ufeff " + json.dumps({"format": FORMAT, "layers": layers}), "utf-8")
        found = read(path)
        assert isinstance(found, Architecture)
        network = initialized(found, 1, (SIDE, SIDE), CLASSES, 0)
        assert network.name == "net"
        assert network["conv1"].operation.arrays["weights"].tolist() == [[[[1, 2], [3, 4]]]]

    def test_a_filter_beside_a_spec_gives_notice(self, tmp_path: Path) -> None:
        (tmp_path / "own.json").write_text('{"weights": [[1e-400, 2]]}')
        path = tmp_path / "net.json"
        layers = [{"kind": "conv", "weights": "own.json"}, *REST]
        path.write_text(json.dumps({"format": FORMAT, "layers": layers}))
        notices: list[str] = []
        found = read_architecture(str(path), notices.append, Limits.of())
        assert isinstance(found, Architecture)
        initialized(found, 1, (SIDE, SIDE), CLASSES, 0)
        assert len(notices) == 1
        assert "own.json" in notices[0]

    @pytest.mark.parametrize("format_", ["npz", "onnx"])
    def test_a_network_that_has_its_numbers(self, format_: str, tmp_path: Path) -> None:
        path = tmp_path / f"net.{format_}"
        path.write_bytes(encode_network(small_network(), format_))
        found = read(path)
        assert isinstance(found, Network)
        if format_ == "npz":
            assert_same_network(found, small_network())
        assert found.classes == CLASSES

    @pytest.mark.parametrize("format_", ["npz", "onnx"])
    def test_a_network_on_standard_input_is_read_once(
        self, format_: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = encode_network(small_network(), format_)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        found = read_architecture("-", [].append, Limits.of())
        assert isinstance(found, Network)
        assert found.classes == CLASSES

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"hello", "net.json: no network; it is convtool's NPZ, a spec in JSON or an ONNX model"),
            (b"", "net.json: .*empty"),
            (b"{", r"net\.json: .*line 1"),
            (b'{"format": "other/1"}', "net.json: no network: its format is 'other/1'"),
            (b'{"layers": []}', "net.json: no network: its format is None"),
            (
                b'{"format": "convtool.net/1", "input": {"size": ["a", 8]}}',
                "net.json: layer 'input': size is ",
            ),
        ],
    )
    def test_a_file_that_is_neither_is_refused(self, content: bytes, message: str, tmp_path: Path) -> None:
        path = tmp_path / "net.json"
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read(path)

    def test_a_spec_beyond_all_reason_is_refused_unread(self, tmp_path: Path) -> None:
        path = tmp_path / "net.json"
        with path.open("wb") as stream:
            stream.write(b"{")
            stream.truncate(MAX_JSON_BYTES + 1)
        with pytest.raises(LimitError, match=r"a network's spec of .* bytes is over the limit"):
            read(path)

    def test_a_file_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"net\.json"):
            read(tmp_path / "net.json")


class TestBeginning:
    def test_of_an_architecture_is_the_same_for_the_same_seed(self) -> None:
        first, again, other = (begun(architecture(), lines(20), seed) for seed in (1, 1, 2))
        assert_same_network(again, first)
        assert encode_network(other, "npz") != encode_network(first, "npz")
        assert first.classes == CLASSES

    def test_values_get_mean_0_and_deviation_1(self) -> None:
        data = lines(20, channels=3)
        network = begun(architecture(), data, 0)
        assert (network.input.mean, network.input.std) == moments(data)
        scaled = network.input.scaled(data.images.astype(np.float32)).astype(np.float64)
        assert_near(scaled.mean(axis=(0, 2, 3)), [0, 0, 0])
        assert_near(scaled.std(axis=(0, 2, 3)), [1, 1, 1])

    @pytest.mark.parametrize(
        ("given", "scale", "mean", "std"),
        [
            ({"scale": 0.5}, 0.5, (0.0,), (1.0,)),
            ({"mean": 3}, 1.0, (3,), (1.0,)),
            ({"std": [2]}, 1.0, (0.0,), (2,)),
        ],
    )
    def test_unless_the_spec_says_how_they_are_scaled(
        self, given: Any, scale: float, mean: Any, std: Any
    ) -> None:
        source = begun(architecture(input=given), lines(20), 0).input
        assert (source.scale, source.mean, source.std) == (scale, mean, std)

    def test_of_a_network_is_the_network(self) -> None:
        for classes in (CLASSES, None):
            start = replace(small_network(), classes=classes)
            assert_same_network(begun(start, lines(20), 0), small_network())

    def test_of_a_network_for_any_size_is_the_network(self) -> None:
        start = replace(small_network(), input=Input(scale=0.5))
        assert_same_network(begun(start, lines(20), 0), start)

    def test_of_other_classes_is_refused(self) -> None:
        message = (
            r"^small tells 3 class\(es\) apart, which are not those of the images; give a network of the same"
        )
        with pytest.raises(InputError, match=message):
            begun(replace(small_network(), classes=("a", "b", "c")), lines(20), 0)

    @pytest.mark.parametrize(
        ("start", "message"),
        [
            (small_network(), "^small reads 1×8×8, the images are 3×9×9; make them alike$"),
            (architecture(input={"channels": 1}), "^own reads 1×9×9, the images are 3×9×9"),
            (architecture(input={"size": 10}), "reads 3×10×10, the images are 3×9×9"),
            (replace(small_network(), input=Input(channels=3)), "^layer 'conv': its input has 3 channel"),
        ],
    )
    def test_of_other_images_is_refused(self, start: Architecture | Network, message: str) -> None:
        """Gray pictures would else become three channels that are all the same, unnoticed."""
        with pytest.raises(InputError, match=message):
            begun(start, lines(20, channels=3, side=9), 0)

    def test_of_another_count_of_scores_is_refused(self) -> None:
        start = replace(small_network(), classes=None)
        data = replace(lines(20), classes=("a", "b", "c"))
        with pytest.raises(InputError, match=r"it names 3 class\(es\), 'softmax' gives 2 score"):
            begun(start, data, 0)

    def test_of_maps_instead_of_scores_is_refused(self) -> None:
        spec = {"layers": [CONV, {"kind": "softmax"}]}
        with pytest.raises(
            InputError, match="its first output 'softmax1' is 4×6×6, not a score for each class"
        ):
            begun(architecture(**spec), lines(20), 0)


class TestReads:
    @pytest.mark.parametrize(
        ("given", "channels", "size"),
        [
            ({}, None, None),
            ({"input": {}}, None, None),
            ({"input": {"size": [8, 9]}}, None, (8, 9)),
            ({"input": {"size": 8}}, None, (8, 8)),
            ({"input": {"size": None, "channels": 3}}, 3, None),
        ],
    )
    def test_is_what_a_spec_says(self, given: Any, channels: int | None, size: Any) -> None:
        assert reads(architecture(**given)) == (channels, size)

    def test_is_that_of_a_network(self) -> None:
        assert reads(small_network()) == (1, (SIDE, SIDE))
        assert reads(replace(small_network(), input=Input(channels=3))) == (3, None)


class TestMoments:
    @given(
        count=st.integers(1, 9),
        channels=st.integers(1, 3),
        at_once=st.sampled_from([1, 30, 1000]),
        level=st.sampled_from([0, 1000]),
        whole=st.booleans(),
        rng=generators(),
    )
    @settings(max_examples=60)
    def test_are_those_of_numpy(
        self, count: int, channels: int, at_once: int, level: float, whole: bool, rng: np.random.Generator
    ) -> None:
        shape = count, channels, 3, 4
        images = rng.integers(0, 256, shape).astype(np.uint8)
        if not whole:
            images = (rng.standard_normal(shape) + level).astype(np.float32)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(beginning, "AT_ONCE", at_once)
            mean, std = moments(Dataset(images, np.zeros(count, np.intp), ("a",), [""] * count))
        values = images.astype(np.float64)
        assert_near(mean, values.mean(axis=(0, 2, 3)))
        assert_near(std, values.std(axis=(0, 2, 3)))

    @pytest.mark.parametrize("value", [0, 7, 0.1, 1 / 3, 1e-3])
    def test_of_values_that_are_all_the_same_the_deviation_is_1(self, value: float) -> None:
        images = np.full((7, 2, 5, 9), value, np.float32)
        images[0, 1, 0, 0] += 1
        mean, std = moments(Dataset(images, np.zeros(7, np.intp), ("a",), [""] * 7))
        assert std[0] == 1
        assert 0 < std[1] < 1
        assert_near(mean[0], np.float32(value))
