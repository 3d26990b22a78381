"""``convtool net train``: lines and records, its options, interruptions, and what is refused."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import termios
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import PIL.Image
import pytest

from convtool import load_network
from convtool.cli.display import Display
from convtool.cli.net import train
from convtool.cli.net.train import Live
from convtool.cli.status import StatusLine
from convtool.net.training.trainer import Moment
from convtool.view.drawings.curves import learning_curves
from tests.cli.net.networks import done, noticed
from tests.cli.runner import as_process, contents, in_process, spawned
from tests.net.data.lines import KINDS, lines, write_lines, write_npz
from tests.net.data.sets import write_idx

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = ("--epochs", "3", "--batch", "16")
LONG = ("--epochs", "60", "--batch", "16")
"""More records than the pipe of a test holds: training waits in the middle until they are read."""


@pytest.fixture(autouse=True)
def pictures() -> None:
    """``pictures/``, 40 in the folders of two classes, and 20 others in ``others.npz``."""
    write_lines(Path("pictures"), 40)
    write_npz("others.npz", 20, seed=1)


def trained(*arguments: str, output: str = "m.npz", **options: Any) -> Any:
    return done("train", "pictures", "-o", output, *SHORT, *arguments, **options)


class TestRecords:
    def test_are_a_line_for_the_beginning_each_epoch_and_the_end(self) -> None:
        begin, *epochs, end = trained("--json", "--test", "others.npz").records
        assert (begin["event"], begin["data"], begin["images"], begin["held_out"]) == (
            *("begin", "pictures", 36, 4),
        )
        assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
        assert (end["event"], end["output"], end["test"]["count"]) == ("end", "m.npz", 20)

    def test_are_lines_of_the_same_numbers(self) -> None:
        begin, *epochs, end = trained("--json", "--test", "others.npz").records
        out = trained("--test", "others.npz").out.splitlines()
        assert out[:5] == [
            "pictures · notes-cnn",
            "36 images of 1×8×8 to learn from, 4 held out",
            f"2 classes, {begin['parameters']:,} parameters",
            "                         --- held out ---",
            "epoch    loss  accuracy    loss  accuracy     rate  images/s",
        ]
        for line, epoch in zip(out[5:8], epochs, strict=True):
            assert line.split()[:-1] == [
                str(epoch["epoch"]),
                f"{epoch['loss']:.4f}",
                *(f"{100 * epoch['accuracy']:.2f}", "%"),
                f"{epoch['validation_loss']:.4f}",
                *(f"{100 * epoch['validation_accuracy']:.2f}", "%"),
                f"{epoch['rate']:.1e}",
            ]
            assert int(line.split()[-1].replace(",", "")) > 0
        found = end["test"]
        low, high = found["interval"]
        accuracy = f"{100 * found['accuracy']:.2f} % (95 % interval: {100 * low:.2f} to {100 * high:.2f} %)"
        assert out[8:] == [
            "",
            f"m.npz: the network as it was after epoch {end['epoch']}",
            f"held out: {100 * end['validation_accuracy']:.2f} % recognised",
            f"others.npz: {found['correct']} of 20 recognised, {accuracy}",
        ]

    def test_quiet_prints_nothing_and_writes_the_same(self) -> None:
        trained()
        loud = Path("m.npz").read_bytes()
        assert trained("-q").data == b""
        assert Path("m.npz").read_bytes() == loud


class TestOptions:
    def recipe(self, *arguments: str) -> dict[str, Any]:
        done("train", "pictures", "-o", "m.npz", "--epochs", "1", *arguments)
        meta = load_network("m.npz").meta
        assert meta is not None
        recipe: dict[str, Any] = meta["training"]["recipe"]
        return recipe

    def test_defaults(self) -> None:
        assert self.recipe() == {
            "epochs": 1,
            "batch": 64,
            "optimizer": "adamw",
            "rate": 0.002,
            "momentum": 0.9,
            "weight_decay": 0.01,
            "schedule": "cosine",
            "augmentation": {"shift": 0, "rotate": 0, "scale": 0, "contrast": 0, "mirror": False},
            "patience": None,
            "seed": 0,
        }
        assert (self.recipe("--optimizer", "sgd")["rate"], self.recipe("--optimizer", "adam")["rate"]) == (
            *(0.05, 0.002),
        )

    def test_each_reaches_the_recipe(self) -> None:
        assert self.recipe(
            *("--batch", "7", "--optimizer", "sgd", "--learning-rate", "0.01", "--momentum", "0.5"),
            *("--weight-decay", "0", "--schedule", "step", "--patience", "3", "--seed", "5"),
            *("--augment", "shift=1.5,mirror,contrast=0.2,rotate=10,scale=0.1"),
        ) == {
            "epochs": 1,
            "batch": 7,
            "optimizer": "sgd",
            "rate": 0.01,
            "momentum": 0.5,
            "weight_decay": 0,
            "schedule": "step",
            "augmentation": {"shift": 1.5, "rotate": 10, "scale": 0.1, "contrast": 0.2, "mirror": True},
            "patience": 3,
            "seed": 5,
        }

    def test_size_architecture_and_share_held_out(self) -> None:
        arguments = ("--size", "12,16", "-a", "deep-cnn", "--hold-out", "0.25", "--json", "-q")
        finished = noticed(
            *("train", "pictures", "-o", "m.npz", "--epochs", "1", *arguments[:-1]),
            says="pictures: 40 of 40 picture(s) resized to 12×16",
        )
        begin = finished.records[0]
        assert (begin["architecture"], begin["size"], begin["held_out"]) == ("deep-cnn", [1, 12, 16], 10)
        begin = noticed(
            *("train", "pictures", "-o", "m.npz", "--epochs", "1", "--size", "12", "--json"),
            says="pictures: 40 of 40 picture(s) resized to 12×12",
        ).records[0]
        assert begin["size"] == [1, 12, 12]

    def test_what_a_reader_gives_up_is_noticed(self, mistake: Callable[..., str]) -> None:
        Path("pictures/level/readme.txt").write_text("what is here")
        finished = in_process("net", "train", "pictures", "-o", "m.npz", *SHORT, "--json")
        assert finished.err.startswith("convtool: notice: pictures: left out level/readme.txt: ")
        assert finished.records[0]["images"] == 36
        assert in_process("net", "train", "pictures", "-o", "m.npz", *SHORT, "-q").err == ""
        Path("m.npz").unlink()
        says = r"^convtool: pictures: left out level/readme\.txt: .*; refused because of --strict$"
        mistake("net", "train", "pictures", "-o", "m.npz", "--strict", code=3, says=says)


class TestData:
    def test_of_every_kind(self) -> None:
        images, kinds = lines(40)
        idx = str(write_idx(Path(), images, [KINDS.index(kind) for kind in kinds]))
        write_npz("pictures.npz", 40)
        trained()
        weights = load_network("m.npz")["dense1"].operation.arrays["weights"]
        for data, classes in (("pictures.npz", KINDS), (idx, ("0", "1"))):
            done("train", data, "-o", "other.npz", *SHORT)
            other = load_network("other.npz")
            assert (other["dense1"].operation.arrays["weights"] == weights).all()
            assert other.classes == classes
        stdin = Path("pictures.npz").read_bytes()
        assert done("train", "-", "-o", "other.npz", *SHORT, "--json", stdin=stdin).records[0]["images"] == 36


class TestNetwork:
    @pytest.mark.parametrize("model", ["m.npz", "m.onnx"])
    def test_classifies_pictures_that_it_never_saw(self, model: str) -> None:
        done("train", "pictures", "-o", model, "--epochs", "12", "--batch", "8", "-q")
        write_lines(Path("others"), 20, seed=1)
        names = sorted(map(str, Path("others").rglob("*.png")))
        fields = [line.split("\t") for line in done("classify", model, *names).out.splitlines()]
        assert [name for name, *_ in fields] == names
        right = [kind for name, kind, _ in fields if f"/{kind}/" in name]
        assert len(right) >= 19
        record = done("eval", model, "others", "--json").record
        assert record["correct"] == len(right)

    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no process can be bound to a CPU here")
    def test_is_the_same_on_one_cpu_as_on_all(self) -> None:
        first = min(os.sched_getaffinity(0))
        arguments = (*SHORT, "-a", "deep-cnn", "--augment", "shift=1")
        for output, options in (
            ("all.npz", {}),
            ("one.npz", {"preexec_fn": lambda: os.sched_setaffinity(0, {first})}),
        ):
            finished = as_process("net", "train", "pictures", "-o", output, *arguments, **options)
            assert (finished.code, finished.err) == (0, "")
        assert Path("one.npz").read_bytes() == Path("all.npz").read_bytes()

    def test_on_standard_output_stands_alone(self, folder: Path) -> None:
        for format_ in ("npz", "onnx"):
            trained(output=f"m.{format_}")
            assert trained("--format", format_, output="-").data == Path(f"m.{format_}").read_bytes()
        assert not list(folder.glob("*.checkpoint.npz"))

    def test_for_a_pipe_is_put_aside_in_this_folder(self) -> None:
        with spawned("net", "train", "pictures", "-o", "-", "--epochs", "9999") as process:
            while not Path("network.checkpoint.npz").exists():
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            data, err = process.communicate(timeout=60)
        says = b"convtool: stopped; the same command with --resume goes on from network.checkpoint.npz\n"
        assert (process.returncode, data, err) == (143, b"", says)
        assert Path("network.checkpoint.npz").exists()


class TestCurves:
    def test_are_those_of_the_records(self) -> None:
        records = trained("--json", "--curves", "curves.png").records
        expected = learning_curves(records[1:-1], "pictures · notes-cnn")
        assert Path("curves.png").read_bytes() == expected

    def test_on_standard_output_stand_alone(self) -> None:
        data = trained("--curves", "-").data
        trained("--curves", "curves.png", "-q")
        assert data == Path("curves.png").read_bytes()

    @pytest.mark.parametrize("place", ["pictures/level/000.png", "link.png", "more/level/000.png"])
    def test_replace_no_picture_that_is_read(self, place: str, mistake: Callable[..., str]) -> None:
        Path("link.png").symlink_to("pictures/level/000.png")
        write_lines(Path("more"), 4, seed=1)
        says = rf"^convtool: {re.escape(place)}: the output would replace the input (pictures|more)/level/000"
        arguments = ("pictures", "-o", "m.npz", *SHORT, "--test", "more", "--curves", place)
        mistake("net", "train", *arguments, code=2, says=says)

    def test_that_cannot_be_written_fail_before_the_training(self, mistake: Callable[..., str]) -> None:
        says = r"^convtool: no/c\.png: its folder does not exist; create it first$"
        mistake("net", "train", "pictures", "-o", "m.npz", "--curves", "no/c.png", code=5, says=says)

    def test_of_a_training_that_fails_leave_an_older_picture(self, mistake: Callable[..., str]) -> None:
        Path("c.png").write_bytes(b"older")
        arguments = ("nope", "-o", "m.npz", "--curves", "c.png")
        mistake("net", "train", *arguments, code=3, says="^convtool: nope: cannot be read")


class TestReaderGone:
    def test_the_training_goes_on_to_its_end(self) -> None:
        """E5: quietly, and its curves are drawn as well."""
        trained("--curves", "curves.png", output="alone.npz")
        arguments = ("net", "train", "pictures", "-o", "m.npz", *SHORT, "--curves", "other.png")
        with spawned(*arguments) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == b""
        assert process.returncode == 141
        assert load_network("m.npz").classes == KINDS
        with PIL.Image.open("other.png") as drawn, PIL.Image.open("curves.png") as expected:
            assert drawn.size == expected.size
        assert not Path("m.checkpoint.npz").exists()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The network of a training that nothing interrupts, as a process makes it."""
    folder = tmp_path_factory.mktemp("alone")
    write_lines(folder / "pictures", 40)
    finished = as_process("net", "train", "pictures", "-o", "m.npz", *LONG, "-q", cwd=folder)
    assert (finished.code, finished.data, finished.err) == (0, b"", "")
    return (folder / "m.npz").read_bytes()


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="a pipe holds all that is printed here")
class TestInterrupted:
    """A process that waits in the middle of its training, since nobody reads what it prints."""

    @staticmethod
    def interrupted(number: int, *arguments: str) -> tuple[int, int, str]:
        """The exit code, how many epochs were told of, and what was said."""
        with spawned(
            "net", "train", "pictures", "-o", "m.npz", *LONG, "--json", *arguments, pipesize=4096
        ) as (process):
            assert process.stdout is not None
            first = process.stdout.readline() + process.stdout.readline()
            process.send_signal(number)
            rest, err = process.communicate(timeout=60)
        epochs = [line for line in (first + rest).splitlines() if b'"event": "epoch"' in line]
        return process.returncode, len(epochs), err.decode()

    @staticmethod
    def resumed(*arguments: str) -> list[dict[str, Any]]:
        finished = as_process(
            "net", "train", "pictures", "-o", "m.npz", *LONG, "--json", "--resume", *arguments
        )
        assert (finished.code, finished.err) == (0, "")
        return finished.records

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_goes_on_as_if_it_had_not_been(self, number: int, code: int, alone: bytes) -> None:
        """E3."""
        arguments = ("--strict", "--curves", "curves.png")
        found, epochs, said = self.interrupted(number, *arguments)
        assert (found, said) == (
            code,
            "convtool: stopped; the same command with --resume goes on from m.checkpoint.npz\n",
        )
        assert 0 < epochs < 60
        assert {path.name for path in Path().iterdir() if path.suffix in (".npz", ".png", ".part")} == {
            *("lines.npz", "others.npz", "m.checkpoint.npz"),
        }
        told = [record for record in self.resumed(*arguments) if record["event"] == "epoch"]
        assert [record["images_per_second"] is None for record in told].count(True) == epochs
        assert Path("m.npz").read_bytes() == alone
        assert not Path("m.checkpoint.npz").exists()
        assert Path("curves.png").read_bytes() == learning_curves(told, "pictures · notes-cnn")

    def test_quietly_says_nothing(self) -> None:
        with spawned("net", "train", "pictures", "-o", "m.npz", "--epochs", "9999", "-q") as process:
            while not Path("m.checkpoint.npz").exists():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=60) == (b"", b"")
        assert process.returncode == 130

    def test_by_a_kill_goes_on_from_the_last_epoch(self, alone: bytes) -> None:
        """E2."""
        code, epochs, said = self.interrupted(signal.SIGKILL)
        assert (code, said) == (-signal.SIGKILL, "")
        assert not Path("m.npz").exists()
        told = [record for record in self.resumed() if record["event"] == "epoch"]
        before = [record["images_per_second"] is None for record in told].count(True)
        assert epochs <= before <= epochs + 1
        assert Path("m.npz").read_bytes() == alone
        assert not Path("m.checkpoint.npz").exists()

    def test_is_not_begun_anew_or_gone_on_with_otherwise(self, mistake: Callable[..., str]) -> None:
        assert self.interrupted(signal.SIGINT)[0] == 130
        command = ("net", "train", "pictures", "-o", "m.npz", *LONG)
        left = (
            r"^convtool: m\.checkpoint\.npz is left of a training that did not end; go on with --resume, or d"
        )
        mistake(*command, code=2, says=left)
        other = r"^convtool: m\.checkpoint\.npz: the checkpoint is of another training: {}; go on with"
        for arguments, says in (
            (("--seed", "1"), "the network is not what it was|seed is 1, it was 0"),
            (("--learning-rate", "0.5"), r"rate is 0\.5, it was 0\.002"),
            (("--hold-out", "0.5"), "the training images are not what they were"),
        ):
            mistake(*command, "--resume", *arguments, code=3, says=other.format(f"({says})"))


class TestLive:
    @pytest.fixture
    def live(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        """Somebody who watches, what they see, and a clock that stands still."""
        watched = SimpleNamespace(now=0.0, seen=[])
        monkeypatch.setattr(train, "time", SimpleNamespace(monotonic=lambda: watched.now))
        watched.live = Live(quiet=False)
        monkeypatch.setattr(watched.live.status, "update", watched.seen.append)
        return watched

    def test_tells_what_is_left_by_the_speed_so_far(self, live: SimpleNamespace) -> None:
        for now, epoch, done_ in (
            (0.0, 1, 100),
            (2.0, 1, 500),
            (27.0, 2, 500),
            (77.0, 6, 500),
            (97.1, 10, 980),
        ):
            live.now = now
            live.live.moment(Moment(epoch, done_, 1000, 0.51234, 0.98765), 10)
        assert live.seen == [
            "epoch 1 of 10 · 50% · 48 s left · loss 0.5123 · accuracy 98.77% · 200 images/s",
            "epoch 2 of 10 · 50% · 2 min 44 s left · loss 0.5123 · accuracy 98.77% · 52 images/s",
            "epoch 6 of 10 · 50% · 1 min 4 s left · loss 0.5123 · accuracy 98.77% · 70 images/s",
            "epoch 10 of 10 · 98% · 0 s left · loss 0.5123 · accuracy 98.77% · 102 images/s",
        ]

    def test_counts_from_where_a_training_goes_on(self, live: SimpleNamespace) -> None:
        live.live.moment(Moment(50, 0, 1000, 1, 0.5), 100)
        live.now = 10.0
        live.live.moment(Moment(51, 0, 1000, 1, 0.5), 100)
        assert live.seen == [
            "epoch 51 of 100 · 0% · 8 min 20 s left · loss 1.0000 · accuracy 50.00% · 100 images/s"
        ]

    @pytest.mark.parametrize(
        ("seconds", "spoken"),
        [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599.6, "1 h 0 min"), (90_061, "25 h 1 min")],
    )
    def test_time_is_spoken(self, seconds: float, spoken: str, live: SimpleNamespace) -> None:
        live.live.moment(Moment(1, 0, 1000, 1, 0.5), 1)
        live.now = seconds
        live.live.moment(Moment(1, 500, 1000, 1, 0.5), 1)
        assert f" · {spoken} left · " in live.seen[0]

    def test_tells_how_many_pictures_are_read(self, live: SimpleNamespace) -> None:
        live.live.reading(12, 34567)
        assert live.seen == ["12 of 34,567 pictures read"]


class TestStatus:
    @pytest.fixture
    def said(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What passes on the terminal's last line, in brackets, where it is cleared, and all that stays."""
        said: list[str] = []
        monkeypatch.setattr(StatusLine, "update", lambda self, line: said.append(f"[{line}]"))
        monkeypatch.setattr(StatusLine, "clear", lambda self: said.append("clear"))
        monkeypatch.setattr(Display, "notice", lambda self, line: said.append(line))
        monkeypatch.setattr(train, "_show", lambda record, display: said.append(record["event"]))
        monkeypatch.setattr(train, "say", said.append)
        return said

    def test_goes_before_whatever_stays_and_at_the_end(self, said: list[str]) -> None:
        Path("pictures/level/readme.txt").write_text("what is here")
        trained()
        stays = [line for line in said if line != "clear" and not line.startswith("[")]
        assert stays[0].startswith("pictures: left out level/readme.txt: ")
        assert stays[1:] == ["begin", "epoch", "epoch", "epoch", "end"]
        assert all(said[said.index(line) - 1] == "clear" for line in stays)
        assert said[0] == "[1 of 41 pictures read]"
        assert said[-1] == "clear"

    def test_goes_before_an_error(self, said: list[str]) -> None:
        assert in_process("net", "train", "pictures", "-o", "m.npz", "--max-memory", "1M").code == 4
        assert said[-2:] == ["[40 of 40 pictures read]", "clear"]

    def test_goes_before_how_to_go_on(self, said: list[str]) -> None:
        Live(quiet=False).stopped("m.checkpoint.npz")
        assert said == ["clear", "stopped; the same command with --resume goes on from m.checkpoint.npz"]


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_on_a_terminal_one_line_tells_how_far_it_is(columns: int) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    Path("pictures/level/readme.txt").write_text("what is here")
    command = ("net", "train", "pictures", "-o", "m.npz", "--epochs", "40", "--batch", "8")
    with spawned(*command, stdout=theirs, stderr=theirs, env={"TERM": "xterm", "NO_COLOR": "1"}) as process:
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError):  # Linux's way of saying that the other end was closed
            while piece := os.read(ours, 65536):
                written += piece
        assert process.wait(60) == 0
    os.close(ours)
    stays, passes = [], []
    for line in written.decode().replace("\r\n", "\n").split("\n"):
        *before, last = line.split("\x1b[K")
        passes += [each.removeprefix("\r") for each in before]
        assert all(each.startswith("\r") for each in before)
        stays.append(last)
    shown = [line for line in passes if line]
    assert max(map(len, shown)) < columns
    assert any(re.match(r"epoch \d+ of 40 · \d+% ", line) for line in shown)
    assert any(re.match(r"\d+ of 41 pictures read", line) for line in shown)
    assert stays[0].startswith("convtool: notice: pictures: left out level/readme.txt: ")
    assert [line.split()[0] for line in stays[6:46]] == [str(number) for number in range(1, 41)]


def test_names_are_text() -> None:
    name = "[bold]\n\x1b[31m"
    Path("pictures/level").rename(f"pictures/{name}")
    Path("pictures").rename(name)
    finished = done("train", name, "-o", f"{name}.npz", *SHORT)
    assert finished.out.startswith(r"[bold]\n\x1b[31m · notes-cnn")
    assert r"[bold]\n\x1b[31m.npz: the network as it was" in finished.out
    assert load_network(f"{name}.npz").classes == (name, "upright")
    with spawned("net", "train", name, "-o", f"{name}.npz", "--epochs", "9999") as process:
        while not Path(f"{name}.checkpoint.npz").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    says = r"stopped; the same command with --resume goes on from [bold]\n\x1b[31m.checkpoint.npz"
    assert err.decode() == f"convtool: {says}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nope", "-o", "m.npz"), 3, "^convtool: nope: cannot be read: No such file or directory$"),
        (("pictures",), 2, "Missing option '-o' / '--output'"),
        (("-o", "m.npz"), 2, "Missing argument 'DATA'"),
        (("pictures", "-o", "m"), 2, r"^convtool: a network is written as \.npz or \.onnx, not without a "),
        (("pictures", "-o", "sub"), 5, "^convtool: sub: it is a folder; name a file in it$"),
        (("pictures", "-o", "no/m.npz"), 5, r"^convtool: no/m\.checkpoint\.npz: its folder does not exist"),
        (("others.npz", "-o", "others.npz"), 2, "the output would replace the input others.npz; name anot"),
    ],
)
def test_a_place_that_does_not_do(
    arguments: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]
) -> None:
    Path("sub").mkdir()
    mistake("net", "train", *arguments, code=code, says=says)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("-o", "-", "--curves", "-"), 2, "^convtool: -o and --curves would both write to one place; name a"),
        (("-o", "-", "--json"), 2, "^convtool: --json and -o - would both write to standard output; cho"),
        (("--curves", "c.npz"), 2, "^convtool: c.npz: a picture is written as .png$"),
        (("--curves", "sub"), 5, "^convtool: sub: it is a folder; name a file in it$"),
        (("--curves", "-", "--json"), 2, "--json and a picture would both write to standard output; name a"),
        (("-a", "notes-cn"), 2, "there is no architecture 'notes-cn'; did you mean notes-c"),
        (("-a", "typo.json"), 3, "^convtool: pictures with typo: layer 1 is of kind 'convv'"),
        (("-a", "lines.npz", "--size", "9"), 2, "^convtool: lines reads images of 12×12; leave --size out$"),
        (("--augment", "twist=3"), 2, "'twist=3' is no change of pictures; use shift=2, rotate=10"),
        (("--hold-out", "1"), 2, "'1' is no such share; use a number from 0 to below 1"),
        (("--hold-out", "0", "--patience", "2"), 2, "--hold-out 0 leaves none; give one$"),
        (("--max-memory", "1M"), 4, "^convtool: training notes-cnn on 8×8; it takes about .* of memory"),
        (("--size", "999999999"), 4, "^convtool: pictures: 40 pictures of its size .* takes about "),
        (("--max-pixels", "63"), 4, "64 pixels .*, over the limit of 63; raise it with --max-pixels 64"),
        (("--test", "pictures"), 3, "^convtool: pictures: every test picture is one to learn from; g"),
        (("--test", "nope"), 3, "^convtool: nope: cannot be read"),
        (("--resume", "--strict"), 3, r"^convtool: there is no m\.checkpoint\.npz; training begins an"),
    ],
)  # fmt: skip
def test_a_mistake(options: tuple[str, ...], code: int, says: str, mistake: Callable[..., str]) -> None:
    Path("sub").mkdir()
    Path("typo.json").write_text('{"format": "convtool.net/1", "layers": [{"kind": "convv"}]}')
    mistake("net", "train", "pictures", "-o", "m.npz", *options, code=code, says=says)


def test_a_rate_that_is_too_high(folder: Path) -> None:
    before = contents(folder)
    finished = in_process("net", "train", "pictures", "-o", "m.npz", "--learning-rate", "1e30", "-q")
    says = r"convtool: in epoch \d the numbers .* grew without end; use a --learning-rate below 1e\+30\n"
    assert finished.code == 2
    assert re.fullmatch(says, finished.err)
    assert contents(folder) == before


def test_as_a_process_it_begins_anew_where_nothing_is_left() -> None:
    finished = as_process("net", "train", "pictures", "-o", "m.npz", *SHORT, "--resume", "--json")
    says = "convtool: notice: there is no m.checkpoint.npz; training begins anew\n"
    assert (finished.code, finished.err) == (0, says)
    assert finished.records[-1]["event"] == "end"
