"""Networks from files: told by what they hold, from wherever they come, and written again."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from convtool import FilterBank, conv2d, load_filter, load_network
from convtool.errors import ArgumentError, InputError, LimitError, NoticeWarning
from convtool.io.limits import MAX_JSON_BYTES, Limits
from convtool.net import ops
from convtool.net.files import encode_network, filters_of_layer, network_format, read_network
from convtool.net.network import Input, Layer, Network
from convtool.net.running import run_network
from tests.cli.runner import SAMPLES
from tests.net.every_kind import EVERY_KIND, assert_same_network, network_of
from tests.tolerances import assert_close, assert_equal, assert_same_bytes

LINES = SAMPLES / "lines.json"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVTOOL_MAX_MEMORY", raising=False)
    return tmp_path


def written(network: Network, format_: str, name: str) -> str:
    Path(name).write_bytes(encode_network(network, format_))
    return name


def spec(path: str, *layers: object, **keys: object) -> str:
    Path(path).write_text(json.dumps({"format": "convtool.net/1", "layers": layers, **keys}))
    return path


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_goes_through_a_file(kind: str) -> None:
    network = network_of(EVERY_KIND[kind])
    assert_same_network(load_network(written(network, "npz", "n.npz")), network)


@pytest.mark.parametrize("name", ["n", "n.npz", "n.onnx", "n.json", "n.png"])
def test_content_tells_the_format_and_no_suffix_does(name: str) -> None:
    network = load_network(LINES)
    for format_ in ("npz", "onnx"):
        read = load_network(written(network, format_, name))
        assert [layer.name for layer in read.layers] == [layer.name for layer in network.layers]
    Path(name).write_bytes(LINES.read_bytes())
    assert_same_network(load_network(name), network)


@pytest.mark.parametrize("before", ["\ufeff", " \n\t", "\ufeff\r\n" + " " * 500])
def test_a_spec_may_begin_with_white_space(before: str) -> None:
    Path("n.json").write_text(before + LINES.read_text())
    assert_same_network(load_network("n.json"), load_network(LINES))


def test_a_network_without_a_name_is_called_as_its_file() -> None:
    assert load_network(spec("some net.v2.json", {"kind": "relu"})).name == "some net.v2"
    assert load_network(spec("a.json", {"kind": "relu"}, name="b")).name == "b"
    assert load_network(written(load_network(LINES), "onnx", "c.onnx")).name == "c"


@pytest.mark.parametrize("format_", ["json", "npz", "onnx"])
def test_standard_input(format_: str) -> None:
    network = load_network(LINES)
    content = LINES.read_bytes() if format_ == "json" else encode_network(network, format_)
    with patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(content))):
        read = load_network("-")
    assert read.parameters == network.parameters == 75
    assert read.name == ("stdin" if format_ == "onnx" else "lines")


class TestFiltersBesideASpec:
    def test_are_found_from_wherever_it_is_opened(self) -> None:
        Path("sub/filters").mkdir(parents=True)
        Path("sub/edge.json").write_text('{"weights": [[1, -1]], "bias": 3}')
        np.save("sub/filters/own.npy", np.array([[[5, 6]]], np.float32))
        weights = ["edge.json", "./filters/own.npy", "edge.json"]
        network = load_network(spec("sub/net.json", {"kind": "conv", "weights": weights}))
        operation = network["conv1"].operation
        assert isinstance(operation, ops.Conv)
        assert operation.bank.weights.tolist() == [[[[1, -1]]], [[[5, 6]]], [[[1, -1]]]]
        assert operation.bank.bias.tolist() == [3, 0, 3]

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("../edge.json", "names the file '../edge.json'; only files beside it are read, and no links$"),
            ("/etc/hostname", "names the file '/etc/hostname'; only files beside it"),
            ("link.json", "names the file 'link.json'; only files beside it"),
            ("out/edge.json", "names the file 'out/edge.json'; only files beside it"),
            ("nope.json", "names the file 'nope.json', which is not there; put it beside net.json$"),
            ("-", "which is not there"),
            ("sobel", "no built-in filter is called 'sobel'; did you mean sobel-"),
        ],
    )
    def test_stay_beside_it(self, name: str, says: str) -> None:
        Path("sub").mkdir()
        Path("edge.json").write_text("[[1, -1]]")
        Path("sub/link.json").symlink_to("../edge.json")
        Path("sub/out").symlink_to("..")
        with pytest.raises(InputError, match=says) as caught:
            load_network(spec("sub/net.json", {"kind": "conv", "weights": name}))
        assert str(caught.value).startswith("sub/net.json: layer 'conv1': ")

    def test_are_not_read_for_a_spec_from_nowhere(self) -> None:
        Path("edge.json").write_text("[[1, -1]]")
        content = Path(spec("n.json", {"kind": "conv", "weights": "edge.json"})).read_bytes()
        says = r"^stdin: layer 'conv1': it names the filter file 'edge\.json'; save the spec to a file beside"
        with (
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(content))),
            pytest.raises(InputError, match=says),
        ):
            load_network("-")

    def test_that_are_wrong_are_named(self) -> None:
        Path("edge.json").write_text("[[1, -1], [2]]")
        with pytest.raises(InputError, match=r"^edge\.json: layer 'conv1': row 2 has 1 values"):
            load_network(spec("n.json", {"kind": "conv", "weights": "edge.json"}))

    def test_what_they_give_up_is_said(self) -> None:
        Path("tiny.json").write_text("[[1e-60, 1]]")
        name = spec("n.json", {"kind": "conv", "weights": "tiny.json"})
        says = r"^tiny\.json: 1 number\(s\) too small for float32 became 0$"
        with pytest.warns(NoticeWarning, match=says) as caught:
            load_network(name)
        assert caught[0].filename == __file__
        notices: list[str] = []
        read_network(name, notices.append)
        assert notices == ["tiny.json: 1 number(s) too small for float32 became 0"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "^n: it is empty$"),
        (b"no network", "^n: no network; it is convtool's NPZ, a spec in JSON or an ONNX model$"),
        (b"[[1, 2]]", "^n: no network; it is"),
        (b"\x89PNG\r\n\x1a\n", "^n: no network; it is"),
        (b"\x93NUMPY", "^n: no network; it is"),
        (b'{"weights": [[1]]}', r"^n: no network: its format is None; a spec is \{"),
        (b'{"format": "convtool.filter/1"}', "^n: no network: its format is 'convtool.filter/1'; a spec"),
        (b'{"format": "convtool.net/2", "layers": []}', "^n: no network: its format is 'convtool.net/2'"),
        (b'{"format": "convtool.net/1"}', "^n: layers is None; it must be a list of objects$"),
        (b'{"format": "convtool.net/1", "layers": [', "^n: not valid JSON, line 1 column 41: "),
        (b'{"format": "convtool.net/1", "format": "convtool.net/1"}', "^n: .*'?format'? .*twice"),
        (b"{" + b'"a":{' * 100_000, "^n: lists are nested too deeply"),
        (b"PK\x03\x04 and nothing more", "^n: the NPZ is damaged, or no NPZ; write it again$"),
        (b"\x08\x09 and nothing more", "^n: (the ONNX model is damaged|not an ONNX model)"),
        (b"\x08\x09", "^n: not an ONNX model, or one without layers; export it again$"),
    ],
)
def test_what_is_no_network(content: bytes, says: str) -> None:
    Path("n").write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        load_network("n")
    assert len(str(caught.value).splitlines()) == 1


def test_a_long_text_is_refused_before_it_is_read() -> None:
    with Path("n.json").open("wb") as file:
        file.write(b"{")
        file.truncate(2**36)
    with pytest.raises(
        LimitError, match=rf"^n\.json: a network's spec of {2**36} bytes is over the limit of"
    ):
        load_network("n.json")
    assert MAX_JSON_BYTES < 2**36


@pytest.mark.parametrize("format_", ["npz", "onnx"])
def test_memory_is_estimated_before_it_is_taken(format_: str) -> None:
    network = network_of(ops.Dense(np.ones((100, 84))))
    name = written(network, format_, "n")
    says = r"^n: the (NPZ|model) holds \d+ bytes; it takes about .*; raise it with --max-memory 1M or CONV"
    with pytest.raises(LimitError, match=says):
        load_network(name, limits=Limits(memory=50_000))
    assert load_network(name, limits=Limits(memory=200_000)).parameters == 8400


class TestFiltersOfALayer:
    def test_are_its_bank(self) -> None:
        notices: list[str] = []
        file = filters_of_layer(LINES, "combined", notices.append)
        operation = load_network(LINES)["combined"].operation
        assert isinstance(operation, ops.Conv)
        assert_same_bytes(file.bank.weights, operation.bank.weights)
        assert_equal(file.bank.bias, np.array([0, 0, -9]))
        assert (file.label, file.description) == ("lines-combined", "Layer combined of lines")
        assert notices == []

    @pytest.mark.parametrize(
        ("layer", "says"),
        [
            ("pooled", "^layer 'pooled' of .*lines.json is max_pool; filters are in lines, combined$"),
            ("nope", "^there is no layer 'nope'; lines has lines, found, "),
            ("", "^there is no layer ''; "),
        ],
    )
    def test_of_another_layer_are_not(self, layer: str, says: str) -> None:
        with pytest.raises(ArgumentError, match=says):
            filters_of_layer(LINES, layer, pytest.fail)


@pytest.mark.parametrize(("path", "format_"), [("n.npz", "npz"), ("a/n.ONNX", "onnx"), ("n.onnx.npz", "npz")])
def test_a_suffix_names_the_format_that_is_written(path: str, format_: str) -> None:
    assert network_format(path) == format_


@pytest.mark.parametrize("path", ["n", "n.json", "n.pt", "npz", "-"])
def test_other_suffixes_are_refused(path: str) -> None:
    with pytest.raises(ArgumentError, match=r"^a network is written as \.npz or \.onnx, not "):
        network_format(path)


@pytest.mark.parametrize("format_", ["npz", "onnx"])
def test_the_same_network_gives_the_same_bytes(format_: str) -> None:
    def encoded() -> bytes:
        return encode_network(network_of(ops.Conv(FilterBank(np.ones((3, 2, 3, 3)), [1, 2, 3]))), format_)

    first = encoded()
    assert first == encoded()
    assert first != encode_network(network_of(ops.Relu()), format_)
    Path("n").write_bytes(first)
    assert encode_network(load_network("n"), "npz") != b""


def test_strange_names_of_layers_go_through_a_file() -> None:
    names = ["../../x", "/etc/x", "a/b", "a.weights", "spec.json", "x" * 5000, " ", "\n\x1b[31m", "写真"]
    layers = [{"name": name, "kind": "conv", "weights": [[1]], "bias": n} for n, name in enumerate(names, 1)]
    network = load_network(spec("n.json", *layers))
    assert_same_network(load_network(written(network, "npz", "n.npz")), network)
    assert [layer.name for layer in load_network(written(network, "onnx", "n.onnx")).layers] == names
    assert sorted(path.name for path in Path().rglob("*")) == ["n.json", "n.npz", "n.onnx"]


@pytest.mark.parametrize("count", [2, 4])
def test_classes_are_as_many_as_scores(count: int) -> None:
    layers = ({"kind": "flatten"}, {"kind": "dense", "name": "scores", "weights": [[1] * 4] * 3})
    spec("n.json", *layers, input={"size": 2}, classes=["a"] * count)
    says = rf"^n.json: it names {count} class\(es\), 'scores' gives 3 score\(s\); give a name for each$"
    with pytest.raises(InputError, match=says):
        load_network("n.json")


@pytest.mark.parametrize("name", ["n.json", "n.npz", "n.onnx"])
def test_a_network_is_no_filter_but_its_layers_are(name: str) -> None:
    network = load_network(LINES)
    if name == "n.json":
        Path(name).write_bytes(LINES.read_bytes())
    else:
        written(network, name.rpartition(".")[2], name)
    with pytest.raises(InputError, match=r"name .*layer.*: FILE::LAYER"):
        load_filter(name)


def test_the_filters_of_a_first_layer_take_values_as_stored() -> None:
    """Its responses are those of the network, whose input scales, wherever no padding is seen."""
    random = np.random.default_rng(5)
    bank = FilterBank(random.standard_normal((3, 2, 3, 2)), [1, -2, 0.5])
    source = Input("pixels", 2, (6, 7), 1 / 255, (0.5, 0.25), (0.2, 2.0))
    ones = FilterBank(np.ones((1, 3, 1, 1)))
    layers = Layer("a", ops.Conv(bank), ("pixels",)), Layer("b", ops.Conv(ones), ("a",))
    Path("scaled.npz").write_bytes(encode_network(Network("scaled", source, layers, ("b",)), "npz"))
    image = random.integers(0, 256, (2, 6, 7)).astype(np.float32)
    network = load_network("scaled.npz")
    expected = run_network(network, source.scaled(image), ["a"])["a"]
    filters = filters_of_layer("scaled.npz", "a", pytest.fail).bank
    found = conv2d(image, filters.weights, filters.bias)
    assert_close(found, expected.astype(np.float64), case="conv", terms=24, scale=100)
    assert_equal(filters_of_layer("scaled.npz", "b", pytest.fail).bank.weights, ones.weights)
