"""Standard input and output of every command: the bytes that files would have, and what no stream may be."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
import typer.main

from convtool import conv2d, load_filter, load_map, max_pool2d, relu
from convtool.cli import values
from convtool.cli.app import app
from convtool.io import source
from tests import scenes
from tests.cli.runner import ROOT, Finished, contents, in_process, spawned
from tests.net.data.lines import write_npz
from tests.tolerances import assert_same_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


MAPS = ("png", "npy", "csv", "json")
FILTERS, NETWORKS, PICTURE, PAGE = ("json", "npy"), ("npz", "onnx"), ("png",), ("html",)
TEXTS = ("csv", "json")
TITLE = 110
"""Pixels at the top of a sheet, where it names what it shows."""


@dataclass(frozen=True)
class Streams:
    """What of a command may be a stream.

    Attributes
    ----------
    words
        Arguments with which it tells on standard output what it made of its files.
    reads
        The files among these words. Named like standard input, they give the same names to what is made.
    writes
        For every option that names an output, arguments to try it with, and the formats that it takes.
    """

    words: str
    reads: tuple[str, ...] = ()
    writes: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


IMAGE, FILTER, BEHIND, AFTER = "stdin.csv", "stdin.json", "stdin.png", "stdin.npy"
MODEL, DATA, TEST = "stdin.net", "stdin.npz", "stdin.test.npz"
BOTH = f"{IMAGE} -f {FILTER}"
LAYER = f"{MODEL} --layer line"
LEARN = f"--patch {IMAGE}@0,0,3,3 --background {BEHIND}"
RECOVER = f"{IMAGE} {AFTER} --size 2"
TRAIN = f"{DATA} -a {MODEL} --test {TEST} --epochs 1"

COMMANDS = {
    "run": Streams(
        f"{BOTH} --save none --json",
        (IMAGE, FILTER),
        {"--output": (f"{BOTH} --save pool", MAPS), "--sheet": (f"{BOTH} --save none", PICTURE)},
    ),
    "conv": Streams(f"{BOTH} --json", (IMAGE, FILTER), {"--output": (BOTH, MAPS)}),
    "relu": Streams(f"{IMAGE} --json", (IMAGE,), {"--output": (IMAGE, MAPS)}),
    "pool": Streams(f"{IMAGE} --json", (IMAGE,), {"--output": (IMAGE, MAPS)}),
    "show": Streams(f"{IMAGE} {FILTER} --json", (IMAGE, FILTER)),
    "explain": Streams(f"{BOTH} --at 0,0 --json", (IMAGE, FILTER)),
    "sheet": Streams(f"{IMAGE} -o -", (IMAGE,), {"--output": (IMAGE, PICTURE)}),
    "report": Streams(f"{BOTH} -o -", (IMAGE, FILTER), {"--output": (BOTH, PAGE)}),
    "plan": Streams(f"{BOTH} --json", (IMAGE, FILTER)),
    "filters list": Streams("--json"),
    "filters show": Streams(f"{FILTER} --json", (FILTER,)),
    "filters check": Streams(f"{FILTER} --json", (FILTER,)),
    "filters export": Streams(f"{FILTER} -o -", (FILTER,), {"--output": (FILTER, FILTERS)}),
    "learn": Streams(f"{LEARN} -o -", (IMAGE, BEHIND), {"--output": (LEARN, FILTERS)}),
    "find": Streams(f"{BOTH} --json", (IMAGE, FILTER), {"--output": (BOTH, PICTURE)}),
    "recover": Streams(f"{RECOVER} -o -", (IMAGE, AFTER), {"--output": (RECOVER, FILTERS)}),
    "net train": Streams(
        f"{TRAIN} -o m.npz --json",
        (DATA, MODEL, TEST),
        {"--output": (TRAIN, NETWORKS), "--curves": (f"{TRAIN} -o m.npz", PICTURE)},
    ),
    "net eval": Streams(
        f"{MODEL} {DATA} --json",
        (MODEL, DATA),
        dict.fromkeys(("--confusion", "--mistakes"), (f"{MODEL} {DATA}", PICTURE)),
    ),
    "net classify": Streams(f"{MODEL} {IMAGE} --json", (MODEL, IMAGE)),
    "net run": Streams(
        f"{MODEL} {IMAGE} --json",
        (MODEL, IMAGE),
        {
            "--output": (f"{MODEL} {IMAGE} --maps line", MAPS),
            "--sheet": (f"{MODEL} {IMAGE}", PICTURE),
        },
    ),
    "net show": Streams(f"{MODEL} --json", (MODEL,)),
    "net explain": Streams(f"{MODEL} {IMAGE} --layer line --at 0,0,0 --json", (MODEL, IMAGE)),
    "net filters": Streams(
        f"{LAYER} -o -",
        (MODEL,),
        {"--output": (LAYER, FILTERS), "--sheet": (f"{LAYER} -o line.json", PICTURE)},
    ),
    "net patches": Streams(
        f"{MODEL} {DATA} --layer line --json",
        (MODEL, DATA),
        {"--output": (f"{MODEL} {DATA} --layer line", PICTURE)},
    ),
    "net export": Streams(f"{MODEL} -o -", (MODEL,), {"--output": (MODEL, NETWORKS)}),
}


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
    else:
        for part in below:
            yield from leaves(below[part], f"{name} {part}".strip())


ALL = dict(leaves(typer.main.get_command(app)))
del ALL["batch"]  # from folders to folders: what it lists on a stream is in its own tests


def piped(words: list[str], file: str) -> list[str]:
    """The same words, where standard input stands for a file."""
    return [word.replace(file, "-") for word in words]


def words_of(name: str, option: str | None = None) -> list[str]:
    """A command as it reads its files, or as it writes the output that an option names."""
    streams = COMMANDS[name]
    return [*name.split(), *(streams.words if option is None else streams.writes[option][0]).split()]


def twice(name: str) -> Iterator[list[str]]:
    """A command of which two inputs are standard input: two of its files, or one of those that it repeats."""
    files = COMMANDS[name].reads
    for one, other in combinations(files, 2):
        yield piped(piped(words_of(name), one), other)
    if any(parameter.nargs == -1 for parameter in ALL[name].params):
        yield [*piped(words_of(name), files[0]), "-"]


READS = [(name, file) for name, streams in COMMANDS.items() for file in streams.reads]
WRITES = [
    (name, option, format_)
    for name, streams in COMMANDS.items()
    for option, (_, formats) in streams.writes.items()
    for format_ in formats
]
TWICE = [words for name in COMMANDS for words in twice(name)]
RECORDS = [
    (name, option)
    for name, streams in COMMANDS.items()
    for option in streams.writes
    if any("--json" in parameter.opts for parameter in ALL[name].params)
]


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    """What the words of the commands name."""
    image = scenes.noise(1, 12, 12)
    np.savetxt(IMAGE, image, fmt="%d", delimiter=",")
    Path(FILTER).write_text('{"weights": [[1, 0], [2, -1]]}')
    np.save(AFTER, conv2d(image.astype(np.float32), load_filter(FILTER).weights)[0])
    scenes.save(BEHIND, scenes.noise(2, 20, 20))
    write_npz(DATA, 20, 0, 12)
    write_npz(TEST, 6, 1, 12)
    dense = np.random.default_rng(3).integers(-3, 4, (2, 25)).tolist()
    layers = [
        {"name": "line", "kind": "conv", "weights": [[[-1, 2, -1]] * 3]},
        {"kind": "max_pool", "size": 2},
        {"kind": "flatten"},
        {"kind": "dense", "weights": dense},
        {"kind": "softmax"},
    ]
    spec = {"name": "net", "input": {"size": [12, 12]}, "classes": ["level", "upright"], "layers": layers}
    Path(MODEL).write_text(json.dumps({"format": "convtool.net/1", **spec}))


def done(*arguments: str, **options: Any) -> Finished:
    finished = in_process(*arguments, **options)
    assert finished.code == 0, finished
    return finished


def unnamed(data: bytes) -> bytes:
    """Data in which neither names of inputs are left nor how long it took."""
    if data.startswith(b"\x89PNG"):
        pixels = np.asarray(PIL.Image.open(io.BytesIO(data)))
        return repr(pixels.shape).encode() + pixels[TITLE:].tobytes()
    return re.sub(rb'"(stdin[.\w]*|-)"|stdin[.\w]*|-(?=@)|"\w*second\w*": [\d.e-]+', b"", data)


def saying(name: str, option: str, format_: str) -> tuple[str, ...]:
    """The words that ask for a format, where there are several."""
    return ("--format", format_) if len(COMMANDS[name].writes[option][1]) > 1 else ()


class TestTable:
    def test_holds_every_command(self) -> None:
        assert set(COMMANDS) == set(ALL)

    @pytest.mark.parametrize("name", ALL)
    def test_holds_every_option_that_names_an_output(self, name: str) -> None:
        found = {
            max(parameter.opts, key=len)
            for parameter in ALL[name].params
            if getattr(parameter.type, "func", None) is values.output
        }
        assert set(COMMANDS[name].writes) == found

    @pytest.mark.parametrize("name", ALL)
    def test_holds_every_way_to_say_a_format(self, name: str) -> None:
        found = [option.type.choices for option in ALL[name].params if "--format" in option.opts]
        _, formats = COMMANDS[name].writes.get("--output", ("", ()))
        assert sorted(*found or ([],)) == (sorted(formats) if len(formats) > 1 else [])


class TestStandardInput:
    @pytest.mark.parametrize(("name", "file"), READS)
    def test_is_read_as_the_file_would_be(self, name: str, file: str) -> None:
        words = words_of(name)
        expected = done(*words)
        found = done(*piped(words, file), stdin=Path(file).read_bytes())
        assert expected.data
        assert unnamed(found.data) == unnamed(expected.data)
        assert unnamed(found.err.encode()) == unnamed(expected.err.encode())

    @pytest.mark.parametrize("words", TWICE, ids=" ".join)
    def test_holds_one_input(self, words: list[str], mistake: Callable[..., str]) -> None:
        mistake(*words, code=2, says="^convtool: - is given twice; standard input holds one input, save")

    @pytest.mark.parametrize(("name", "file"), READS)
    def test_that_is_empty_or_endless_is_refused(
        self, name: str, file: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = contents(folder)
        words = piped(words_of(name), file)
        finished = in_process(*words)
        assert (finished.code, finished.err) == (3, "convtool: stdin: it is empty\n")
        monkeypatch.setattr(source, "MAX_STREAM_BYTES", 10)
        finished = in_process(*words, stdin=Path(file).read_bytes())
        says = "convtool: stdin: the stream is over 10 bytes; save it to a file and name that\n"
        assert (finished.code, finished.err) == (4, says)
        assert contents(folder) == before


class TestStandardOutput:
    @pytest.mark.parametrize(("name", "option", "format_"), WRITES)
    def test_gets_the_bytes_of_the_file_and_nothing_else(self, name: str, option: str, format_: str) -> None:
        words, formats = words_of(name, option), saying(name, option, format_)
        file = f"{name}ed.{format_}"  # as learn and recover call a filter that goes to no file
        expected = done(*words, option, file)
        for stdout in ("-", "/dev/stdout"):
            found = done(*words, option, stdout, *formats)
            assert found.data == Path(file).read_bytes()
            assert found.err == expected.err.replace(file, "stdout")

    @pytest.mark.parametrize(("name", "option"), RECORDS)
    def test_takes_no_records_beside_them(self, name: str, option: str, mistake: Callable[..., str]) -> None:
        says = "^convtool: --json and .* would both write to standard output; "
        mistake(*words_of(name, option), option, "-", "--json", code=2, says=says)

    @pytest.mark.parametrize(("name", "option", "format_"), WRITES)
    def test_is_no_terminal_unless_it_is_text(self, name: str, option: str, format_: str) -> None:
        words = [*words_of(name, option), option, "-", *saying(name, option, format_)]
        finished, shown = on_a_terminal(*words)
        if format_ in TEXTS:
            assert (finished.code, shown.replace(b"\r\n", b"\n")) == (0, done(*words).data)
            return
        what = "a page" if format_ == "html" else "binary"
        short = "-o" if option == "--output" else option
        assert (finished.code, shown) == (2, b"")
        assert finished.err.startswith(f"convtool: {short} - would write {what} to a terminal; redirect it")

    @pytest.mark.parametrize("name", ALL)
    def test_that_nobody_reads_ends_the_command_quietly(self, name: str) -> None:
        """E5."""
        reading, writing = os.pipe()
        os.close(reading)
        with (
            os.fdopen(writing) as pipe,
            spawned(*words_of(name), stdout=pipe) as process,
        ):
            _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (141, b"")


def on_a_terminal(*words: str) -> tuple[Finished, bytes]:
    """Run a command whose standard output is a terminal; give what was shown on it beside its end."""
    ours, theirs = os.openpty()
    with spawned(*words, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as screen:  # it ends with an error
            while part := screen.read(4096):
                shown += part
        _, err = process.communicate(timeout=60)
    return Finished(process.returncode, b"", err.decode()), shown


PHOTO = "photo.png"
SOBEL = "--filter sobel-x"


@pytest.fixture
def photo() -> NDArray[np.float32]:
    """The numbers of ``photo.png``."""
    pixels = scenes.noise(5, 20, 31)
    scenes.save(PHOTO, pixels)
    return pixels.astype(np.float32)


def by_bash(script: str) -> Finished:
    """Run a script of the shell; of a pipe it is the last failure that counts."""
    program = f'convtool() {{ "$0" -m convtool "$@"; }}; set -o pipefail; {script}'
    finished = subprocess.run(
        ["bash", "-c", program, sys.executable],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Finished(finished.returncode, finished.stdout, finished.stderr.decode())


def through(script: str) -> Finished:
    """Run a script that ends well and has nothing to say."""
    finished = by_bash(script)
    assert (finished.code, finished.err) == (0, ""), finished
    return finished


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
class TestChains:
    def test_of_the_readme(self, photo: NDArray[np.float32]) -> None:
        finished = through(
            f"cat {PHOTO} | convtool conv - {SOBEL} -o - --format npy | convtool pool - --size 2 -o b.png -q"
        )
        assert finished.data == b""
        response = conv2d(photo, load_filter("sobel-x").weights)[0]
        assert_same_bytes(load_map("b.png"), max_pool2d(relu(response), 2))

    @pytest.mark.parametrize("format_", MAPS)
    def test_of_every_format(self, format_: str, photo: NDArray[np.float32]) -> None:
        passed_on = f"-o - --format {format_}"
        found = through(
            f"cat {PHOTO} | convtool conv - {SOBEL} --no-relu {passed_on} | convtool relu - {passed_on} "
            f"| convtool pool - {passed_on} | convtool show - --json"
        ).record
        *_, expected = done("run", PHOTO, *SOBEL.split(), "--json").records
        assert (found["shape"], found["sha256"]) == (expected["shape"], expected["sha256"])

    @pytest.mark.usefixtures("photo")
    def test_of_several_maps(self) -> None:
        data = through(
            f"convtool conv {PHOTO} --filter kirsch -f sobel-x -o - --format npy"
            "| convtool pool - --size 3 -o - --format npy"
        ).data
        maps = np.load(io.BytesIO(data))
        records = done(
            "run", PHOTO, "-f", "kirsch", "-f", "sobel-x", "--pool", "3", "--save", "pool", "--json"
        )
        assert (maps.shape, maps.dtype) == ((9, 6, 9), np.float32)
        assert [sha256(each.tobytes()).hexdigest() for each in maps] == [r["sha256"] for r in records.records]

    @pytest.mark.usefixtures("photo")
    @pytest.mark.parametrize("format_", FILTERS)
    def test_of_filters(self, format_: str) -> None:
        passed_on = f"-o - --format {format_}"
        script = (
            f"convtool filters export sobel-x {passed_on} | convtool filters export - {passed_on} "
            f"| convtool conv {PHOTO} --filter - -o - --format npy"
        )
        expected = done("conv", PHOTO, *SOBEL.split(), "-o", "-", "--format", "npy")
        assert through(script).data == expected.data

    @pytest.mark.usefixtures("photo")
    def test_of_what_is_learned_and_found(self) -> None:
        script = (
            f"convtool learn --patch {PHOTO}@3,4,7,7 -o - | convtool find {PHOTO} --filter - --top 1 --json"
        )
        record = through(script).record
        assert (record["y"], record["x"], record["size"]) == (3, 4, [7, 7])

    @pytest.mark.usefixtures("photo")
    def test_of_what_is_recovered(self) -> None:
        script = (
            f"convtool conv {PHOTO} {SOBEL} --no-relu -o - | convtool recover {PHOTO} - --size 3 -o - "
            "| convtool filters show - --json"
        )
        weights = np.float32(through(script).record["weights"])
        assert_same_bytes(weights.reshape(3, 3), load_filter("sobel-x").weights[0, 0])

    def test_of_networks(self) -> None:
        script = (
            f"convtool net train {DATA} --epochs 2 -o - | convtool net export - -o - --format onnx"
            f"| convtool net eval - {TEST} --json"
        )
        done("net", "train", DATA, "--epochs", "2", "-o", "m.npz", "-q")
        expected = done("net", "eval", "m.npz", TEST, "--json").record
        found = through(script).record
        assert (found["correct"], found["confusion"]) == (expected["correct"], expected["confusion"])

    def test_of_a_layer(self) -> None:
        script = (
            f"cat {MODEL} | convtool net filters - --layer line -o - "
            f"| convtool conv {IMAGE} --filter - --no-relu -o - --format npy"
        )
        layer = done(*f"net run {MODEL} {IMAGE} --maps line -o - --format npy".split())
        assert_same_bytes(*(np.load(io.BytesIO(data)).ravel() for data in (through(script).data, layer.data)))


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.usefixtures("photo")
class TestPlaces:
    SHOWN = '--json | sed \'s/.*"sha256": "\\([^"]*\\)".*/\\1/\''

    @pytest.mark.parametrize(
        "script",
        [
            f"convtool show <(cat {PHOTO})",
            f"convtool show /dev/stdin < {PHOTO}",
            f"cat {PHOTO} | convtool show /dev/stdin",
            f"convtool show /dev/fd/5 5< {PHOTO}",
            f"cat {PHOTO} | convtool show /dev/fd/0",
            f"mkfifo pipe; cat {PHOTO} > pipe & convtool show pipe",
            f"{{ head -c 99 {PHOTO}; sleep 0.3; tail -c +100 {PHOTO}; }} | convtool show -",
        ],
    )
    def test_an_input_may_be(self, script: str, photo: NDArray[np.float32]) -> None:
        assert through(f"{script} {self.SHOWN}").out == f"{sha256(photo.tobytes()).hexdigest()}\n"

    @pytest.mark.parametrize(
        "output",
        [
            "/dev/stdout --format npy | cat > out.npy",
            "/dev/stdout --format npy > out.npy",
            "/dev/fd/1 --format npy | cat > out.npy",
            "/dev/fd/5 --format npy -q 5> out.npy",
            "- --format npy >> out.npy",
            ">(cat > part; mv part out.npy) --format npy -q; until [ -e out.npy ]; do sleep 0.01; done",
        ],
    )
    def test_an_output_may_be(self, output: str) -> None:
        assert through(f"convtool conv {PHOTO} {SOBEL} -o {output}").data == b""
        expected = done("conv", PHOTO, *SOBEL.split(), "-o", "-", "--format", "npy")
        assert Path("out.npy").read_bytes() == expected.data


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
class TestEnds:
    def test_a_reader_that_has_seen_enough(self) -> None:
        """E5."""
        np.save("large.npy", np.zeros((300, 300), np.float32))
        finished = by_bash(
            "convtool relu large.npy -o - --format csv | convtool relu - -o - --format csv | head -1"
        )
        assert (finished.code, finished.err) == (141, "")
        assert finished.data == b",".join([b"0"] * 300) + b"\n"

    def test_a_writer_that_never_ends(self) -> None:
        finished = by_bash("yes | convtool show - --max-memory 64M")
        assert finished.code == 4
        assert finished.err.startswith(
            "convtool: stdin: the stream has not ended; it takes about 80 MiB of m"
        )

    def test_a_writer_that_fails_leaves_nothing_to_read(self) -> None:
        finished = by_bash(f"convtool conv nope.png {SOBEL} -o - | convtool pool - -o b.png")
        assert (finished.code, finished.data) == (3, b"")
        assert sorted(finished.err.splitlines()) == [
            "convtool: nope.png: cannot be read: No such file or directory",
            "convtool: stdin: it is empty",
        ]
        assert not Path("b.png").exists()

    def test_nothing_to_read(self) -> None:
        """E6."""
        for closed in ("<&-", "< /dev/null"):
            finished = by_bash(f"convtool show - {closed}")
            assert (finished.code, finished.data, finished.err) == (3, b"", "convtool: stdin: it is empty\n")


KEYS = "input filter stage output shape dtype min max mean sha256 plan seconds version"


@pytest.mark.parametrize("name", ["run", "conv", "relu", "pool", "show"])
def test_a_record_a_line(name: str) -> None:
    records = done(*words_of(name)).records
    assert len(records) == {"run": 3, "show": 2}.get(name, 1)
    for record in records:
        assert set(KEYS.split()) < set(record)
        cells = np.float32(record["values"])
        assert record["sha256"] == sha256(cells.tobytes()).hexdigest()
        assert (record["shape"], record["dtype"]) == (list(cells.shape), "float32")
        assert (record["min"], record["max"]) == (cells.min(), cells.max())
        assert (record["plan"] is not None) == (name in ("run", "conv"))
