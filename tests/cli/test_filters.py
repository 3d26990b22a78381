"""``convtool filters``: the list, what each filter is, what can be known of it, and its file formats."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convtool import load_filter
from tests.cli.runner import FILTERS, in_process
from tests.tolerances import assert_close, assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = sorted(path.stem for path in FILTERS.glob("*.json"))


class TestList:
    def test_names_every_built_in_on_a_line(self) -> None:
        finished = in_process("filters", "list")
        head, rule, *lines = finished.out.splitlines()
        assert head.split() == ["name", "filters", "size", "description"]
        assert set(rule) == {"-"}
        assert [line.split()[0] for line in lines] == NAMES
        assert len(NAMES) == 35
        assert (finished.code, finished.err) == (0, "")

    def test_says_how_many_how_large_and_what_for(self) -> None:
        (line,) = (
            line for line in in_process("filters", "list").out.splitlines() if line.startswith("kirsch")
        )
        description = json.loads((FILTERS / "kirsch.json").read_text())["description"]
        assert line.split(maxsplit=5) == ["kirsch", "8", "3", "×", "3", description]

    def test_as_json_has_a_line_for_each(self) -> None:
        records = in_process("filters", "list", "--json").records
        assert [record["name"] for record in records] == NAMES
        for record in records:
            bank = load_filter(record["name"])
            assert list(record) == ["name", "filters", "kernel_size", "description", "source"]
            assert (record["filters"], tuple(record["kernel_size"])) == (len(bank), bank.kernel_size)
            assert record["description"]
            assert record["source"]


class TestShow:
    def test_prints_the_description_the_source_and_the_weights(self) -> None:
        finished = in_process("filters", "show", "sobel-x")
        file = json.loads((FILTERS / "sobel-x.json").read_text())
        assert (finished.code, finished.err) == (0, "")
        assert finished.out == (
            f"sobel-x: {file['description']}\nsource: {file['source']}\n"
            "sobel-x · 3 × 3\n"
            "  |   0   1   2\n--+------------\n0 |  -1   0   1\n1 |  -2   0   2\n2 |  -1   0   1\n\n"
        )

    def test_several_with_their_biases_and_channels(self, folder: Path) -> None:
        Path("a.json").write_text('{"weights": [[[[1]], [[2]]], [[[3]], [[4]]]], "bias": [0, -1.5]}')
        Path("b.json").write_text("[[0.5]]")
        assert in_process("filters", "show", "a.json", "b.json", "--precision", "1").out == (
            "a-01.01 · 1 × 1\n  |  0\n--+---\n0 |  1\n\n"
            "a-01.02 · 1 × 1\n  |  0\n--+---\n0 |  2\n\n"
            "a-02.01 · 1 × 1 · bias -1.5\n  |  0\n--+---\n0 |  3\n\n"
            "a-02.02 · 1 × 1 · bias -1.5\n  |  0\n--+---\n0 |  4\n\n"
            "b · 1 × 1\n  |    0\n--+-----\n0 |  0.5\n\n"
        )

    def test_as_json_is_a_filter_file_on_a_line(self) -> None:
        finished = in_process("filters", "show", "haar", "gaussian-5", "--json")
        assert len(finished.records) == 2
        Path("haar.json").write_text(finished.out.splitlines()[0])
        assert_same_bytes(load_filter("haar.json").weights, load_filter("haar").weights)
        assert load_filter("haar.json").names == load_filter("haar").names

    def test_what_was_printed_before_a_fault_stays(self) -> None:
        finished = in_process("filters", "show", "sobel-x", "nope.json", "--json")
        assert finished.code == 3
        assert finished.record["name"] == "sobel-x"
        assert finished.err == "convtool: nope.json: cannot be read: No such file or directory\n"


class TestCheck:
    def facts(self, name: str) -> list[dict[str, Any]]:
        finished = in_process("filters", "check", name, "--json")
        assert (finished.code, finished.err) == (0, "")
        return finished.records

    def test_a_whole_separable_one(self) -> None:
        assert self.facts("sobel-x") == [
            {
                "name": "sobel-x",
                "size": [3, 3],
                "total": 0,
                "integer": True,
                "rank": 1,
                "factors": [[1, 2, 1], [-1, 0, 1]],
                "symmetric": False,
            }
        ]

    @pytest.mark.parametrize("name", ["gaussian-5", "box-3", "scharr-y", "farid-x"])
    def test_factors_multiply_to_the_weights(self, name: str) -> None:
        (facts,) = self.facts(name)
        weights = load_filter(name).weights[0, 0]
        product = np.outer(*facts["factors"]).astype(np.float32)
        assert_close(product, weights, case="conv", terms=1, scale=np.abs(weights).max())
        assert facts["rank"] == 1
        total = np.float64(math.fsum(weights.flat))
        scale = np.abs(weights).sum()
        assert_close(np.float64(facts["total"]), total, case="sum", terms=weights.size, scale=scale)
        assert facts["symmetric"] is bool((weights == weights[::-1, ::-1]).all())

    @pytest.mark.parametrize(("name", "rank"), [("laplacian-4", 2), ("notes-diagonal", 2), ("identity", 1)])
    def test_ranks(self, name: str, rank: int) -> None:
        (facts,) = self.facts(name)
        assert facts["rank"] == rank == np.linalg.matrix_rank(load_filter(name).weights[0, 0])
        assert (facts["factors"] is None) is (rank > 1)

    def test_every_channel_has_its_line(self, folder: Path) -> None:
        weights = np.arange(27).reshape(1, 3, 3, 3).tolist()
        Path("rgb.json").write_text(json.dumps({"weights": weights}))
        records = self.facts("rgb.json")
        assert [record["name"] for record in records] == ["rgb.01", "rgb.02", "rgb.03"]
        assert [record["total"] for record in records] == [36, 117, 198]

    def test_as_a_table(self) -> None:
        Path("half.json").write_text('{"weights": [[0.5, 0], [0, 0.25]]}')
        assert in_process("filters", "check", "sobel-x", "half.json").out == (
            "name     size   sum   whole  rank  --flip   separable: column ⊗ row\n"
            "-------------------------------------------------------------------\n"
            "sobel-x  3 × 3  0     yes    1     matters  [1 2 1] ⊗ [-1 0 1]\n"
            "half     2 × 2  0.75  no     2     matters  no\n"
        )

    @pytest.mark.parametrize("name", NAMES)
    def test_every_built_in_is_sound(self, name: str) -> None:
        bank = load_filter(name)
        assert len(self.facts(name)) == len(bank) * bank.in_channels


MALFORMED: dict[str, list[tuple[str | bytes, str]]] = {
    "J1": [
        (f"[[1, {text}]]", f"row 1 column 2 of a filter is {shown}, not a finite number")
        for text, shown in [
            *((text, text) for text in ("NaN", "Infinity", "null", "true", '"1"', '"nan"')),
            ("1e999", "Infinity"),
        ]
    ],
    "J3": [
        ('{"weight": [[1]]}', "unknown key 'weight'; a filter has format, name, weights"),
        ('{"weights": [[1]], "weights": [[2]]}', "the key 'weights' stands twice"),
    ],
    "J4": [
        ("[" * 100_000 + "]" * 100_000, "lists are nested too deeply; a matrix is a list of rows"),
        ("[[" + "9" * 5000 + "]]", "a number has thousands of digits"),
    ],
    "J5": [
        ('{"weights": [[1, 0], [0]]}', "row 2 has 1 values, row 1 has 2; a filter is a rectangle of numbers"),
        ("[]", "a filter has an empty list"),
        ('{"weights": [1, 2]}', r"weights of shape \(2,\); a filter is \(kh, kw\)"),
    ],
    "J6": [
        ('{"weights": [[1, 0], [0, 1]', "not valid JSON, line 1 column 28"),
        ("[[1]]\n[[2]]", "not valid JSON, line 2 column 1: Extra data"),
        ("[[1]]".encode("utf-16"), "not a filter; a filter file is JSON"),
        (b'{"weights": [[1]], "name": "\xe9"}', r"not UTF-8 text \(byte 28\); save it as UTF-8"),
    ],
    "J8": [
        ('{"weights": [[1]], "divisor": 0}', "divisor is 0; it must be a finite number other than 0"),
        ('{"weights": [[1]], "bias": [1, 2]}', r"bias has shape \(2,\) for 1 filter\(s\)"),
        ('{"weights": [[1]], "names": ["a", "b"]}', r"2 name\(s\) for 1 filter\(s\)"),
    ],
    "": [
        ('{"format": "convtool.filter/2", "weights": [[1]]}', "format is 'convtool.filter/2'"),
        ('{"name": "x"}', "it has no weights"),
        ("1,2\n3,4\n", "not a filter; a filter file is JSON"),
        ("", "it is empty"),
    ],
}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(*case, id=f"{row}.{number}")
        for row, cases in MALFORMED.items()
        for number, case in enumerate(cases)
    ],
)
@pytest.mark.parametrize(
    "command", [("filters", "check"), ("filters", "show"), ("conv", "-f"), ("run", "notes.json", "-f")]
)
@pytest.mark.usefixtures("notes")
def test_a_malformed_filter_is_one_line(
    command: tuple[str, ...], content: str | bytes, says: str, mistake: Callable[..., str]
) -> None:
    Path("edge.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    image = ("notes.json",) if command[0] == "conv" else ()
    mistake(*command, "edge.json", *image, code=3, says=f"^convtool: edge.json: .*{says}")


@pytest.mark.parametrize("command", ["show", "check"])
def test_standard_input_holds_one_filter(command: str, mistake: Callable[..., str]) -> None:
    says = "^convtool: - is given twice; standard input holds one input, save the other to a file$"
    mistake("filters", command, "-", "sobel-x", "-", code=2, says=says, stdin=b"[[1]]")
    assert in_process("filters", command, "-", "--json", stdin=b"[[7]]").record["name"] == "stdin"


class TestExport:
    @pytest.mark.parametrize("name", NAMES)
    def test_json_keeps_everything(self, name: str) -> None:
        finished = in_process("filters", "export", name, "-o", "out.json")
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
        original, written = (json.loads(p.read_text()) for p in (FILTERS / f"{name}.json", Path("out.json")))
        bank, again = load_filter(name), load_filter("out.json")
        assert_same_bytes(again.weights, bank.weights)
        assert_same_bytes(again.bias, bank.bias)
        assert (again.names, again.normalize, again.single) == (bank.names, bank.normalize, bank.single)
        for key in ("description", "source", "meta"):
            assert written.get(key) == original.get(key)

    @pytest.mark.parametrize("name", ["sobel-x", "gabor"])
    def test_json_to_npy_to_json(self, name: str) -> None:
        for source, target in ((name, "a.npy"), ("a.npy", "b.json"), ("b.json", "c.npy")):
            assert in_process("filters", "export", source, "-o", target, "-q").code == 0
        bank = load_filter(name)
        for copy in ("a.npy", "b.json", "c.npy"):
            assert_same_bytes(load_filter(copy).weights, bank.weights)
            assert load_filter(copy).single == bank.single
        assert np.load("a.npy").shape == ((3, 3) if name == "sobel-x" else (8, 11, 11))

    @pytest.mark.parametrize(
        ("extra", "dropped"),
        [
            ({}, None),
            ({"description": "d", "source": "s"}, None),
            ({"names": ["a"]}, "names"),
            ({"bias": 1}, "bias"),
            ({"bias": 0}, None),
            ({"normalize": "local"}, "normalize"),
            ({"meta": {"by": "me"}}, "meta"),
            ({"bias": 2, "names": ["a"], "meta": 1}, "bias and names and meta"),
        ],
    )
    def test_what_npy_drops_is_noticed(self, extra: dict[str, Any], dropped: str | None) -> None:
        Path("f.json").write_text(json.dumps({"weights": [[1]], **extra}))
        finished = in_process("filters", "export", "f.json", "-o", "f.npy")
        notice = f"convtool: notice: f.npy: NPY keeps the weights alone; {dropped} dropped\n"
        assert (finished.code, finished.err) == (0, notice if dropped else "")
        assert in_process("filters", "export", "f.json", "-o", "g.npy", "-q").err == ""
        assert in_process("filters", "export", "f.json", "-o", "g.json").err == ""
        assert np.load("f.npy").tolist() == [[1]]

    def test_stdout_takes_either(self) -> None:
        finished = in_process("filters", "export", "sobel-x", "-o", "-")
        assert json.loads(finished.out)["weights"] == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
        finished = in_process("filters", "export", "sobel-x", "-o", "-", "--format", "npy")
        assert np.load(io.BytesIO(finished.data)).tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]

    @pytest.mark.parametrize(
        ("output", "code", "says"),
        [
            ("f.png", 2, "a filter is written as .json or .npy, not 'png'"),
            ("f", 2, "a filter is written as .json or .npy, not"),
            ("", 2, "-o is empty; name a file, or - for standard output"),
            ("edge.json", 2, "edge.json: the output would replace the input edge.json; name another"),
            ("link.json", 2, "link.json: the output would replace the input edge.json; name another"),
            ("sub", 5, "^convtool: sub: it is a folder; name a file in it$"),
            ("sub.npy", 5, "^convtool: sub.npy: it is a folder; name a file in it$"),
            ("no/f.npy", 5, "^convtool: no/f.npy: its folder does not exist; create it first$"),
        ],
    )
    def test_where_it_cannot_be_written(
        self, output: str, code: int, says: str, mistake: Callable[..., str]
    ) -> None:
        Path("edge.json").write_text("[[1]]")
        Path("link.json").symlink_to("edge.json")
        Path("sub").mkdir()
        Path("sub.npy").mkdir()
        mistake("filters", "export", "edge.json", "-o", output, code=code, says=says)
