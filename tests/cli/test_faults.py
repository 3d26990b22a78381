"""Exit codes and the one line on stderr, whatever goes wrong, and what the system does to a process."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convtool import errors
from convtool.cli import faults
from tests.cli.runner import ROOT, Finished, as_process, contents, in_process, spawned

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def large(folder: Path) -> Path:
    """An array whose numbers fill every pipe."""
    np.save("large.npy", np.random.default_rng(7).random((400, 400), np.float32))
    return folder / "large.npy"


def by_shell(script: str, *arguments: str) -> Finished:
    """Run a shell's script, whose arguments are a command to be run."""
    finished = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "convtool", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return Finished(finished.returncode, finished.stdout, finished.stderr.decode())


def failing(fault: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise fault

    return command


@pytest.fixture
def guarded(capsys: pytest.CaptureFixture[str]) -> Callable[[Callable[[], object]], Finished]:
    """Run any command as the command line runs its own."""

    def run(command: Callable[[], object]) -> Finished:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            code = faults.guarded(command)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        out, err = capsys.readouterr()
        return Finished(code, out.encode(), err)

    return run


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (errors.ArgumentError("stride is 0"), 2, "stride is 0"),
        (errors.InputError("it is empty", "a.png"), 3, "a.png: it is empty"),
        (errors.LimitError("too large"), 4, "too large"),
        (MemoryError(), 4, "out of memory; use a smaller image, or free memory"),
        (errors.OutputError("disk full"), 5, "disk full"),
        (OSError(errno.ENOSPC, "No space left on device"), 5, "stdout: No space left on device"),
        (PermissionError(errno.EACCES, "denied", "a.png"), 5, "a.png: denied"),
        (errors.ConvtoolError("odd"), 1, "odd"),
        (
            ZeroDivisionError("by zero"),
            1,
            "a fault of convtool itself: ZeroDivisionError: by zero; --debug shows where",
        ),
        (errors.InputError("two\nlines \x1b[31m", "[bold].png"), 3, r"[bold].png: two\nlines \x1b[31m"),
    ],
)
def test_every_fault_is_a_line_and_a_code(
    fault: BaseException, code: int, line: str, guarded: Callable[..., Finished]
) -> None:
    assert guarded(failing(fault)) == Finished(code, b"", f"convtool: {line}\n")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (KeyboardInterrupt(), 130),
        (faults.Terminated(), 143),
        (BrokenPipeError(), 141),
        (SystemExit(0), 0),
        (SystemExit(1), 1),
    ],
)
def test_what_is_no_fault_is_quiet(fault: BaseException, code: int, guarded: Callable[..., Finished]) -> None:
    assert guarded(failing(fault)) == Finished(code, b"", "")


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (130, 130), ("text", 0)])
def test_a_result_that_is_a_number_is_the_code(
    result: object, code: int, guarded: Callable[..., Finished]
) -> None:
    assert guarded(lambda: result).code == code


def test_debug_shows_the_traceback_above_the_line(folder: Path) -> None:
    finished = in_process("show", "nope.png", "--debug")
    assert finished.code == 3
    assert finished.err.startswith("Traceback (most recent call last):\n")
    assert finished.err.endswith("\nconvtool: nope.png: cannot be read: No such file or directory\n")
    assert in_process("show", "nope.png").err.count("\n") == 1


def test_a_missing_stderr_loses_the_line_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    faults.say("lost")


@pytest.mark.skipif(sys.platform == "darwin", reason="it has no limit of a process's memory")
def test_too_little_memory_is_one_line(folder: Path) -> None:
    """E10."""
    facts = {"descr": "|u1", "fortran_order": False, "shape": (10_000, 10_000)}
    with Path("large.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, facts)
        file.truncate(file.tell() + 10_000**2)  # zeros that take no space on the disk
    finished = by_shell('ulimit -v 600000; exec "$@"', "relu", "large.npy", "-o", "out.npy")
    line = "convtool: out of memory; use a smaller image, or free memory\n"
    assert finished == Finished(4, b"", line)
    assert set(contents(folder)) == {"large.npy"}


class TestPipes:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["show", "large.npy", "--full"],
            ["show", *["large.npy"] * 400, "--json"],
            ["conv", "large.npy", "-f", "identity", "-o", "-", "--format", "npy"],
            ["conv", "large.npy", "-f", "identity", "-o", "-", "--format", "csv"],
            ["conv", "large.npy", "-f", "identity", "-o", "-"],
        ],
    )
    @pytest.mark.usefixtures("large")
    def test_a_reader_that_leaves_ends_it_quietly(self, arguments: list[str]) -> None:
        """E5."""
        with spawned(*arguments) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert len(process.stdout.read(1)) == 1
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(60) == 141

    @pytest.mark.usefixtures("large")
    def test_the_files_are_written_though_nobody_reads_the_tables(self, folder: Path) -> None:
        with spawned(
            "run", "large.npy", "-f", "kirsch", "--full", "--save", "pool", "--out-dir", "out"
        ) as process:
            assert process.stdout is not None
            process.stdout.read(1)
            process.stdout.close()
            assert process.wait(60) == 141
        assert len(list((folder / "out").iterdir())) == 8

    @pytest.mark.parametrize(
        "arguments", [["filters", "list"], ["filters", "list", "--json"], ["--help"], ["show", "sobel-x"]]
    )
    def test_a_reader_that_never_was(self, arguments: list[str]) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as stdout:
            finished = as_process(*arguments, stdout=stdout)
        assert (finished.code, finished.err) == (141, "")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["show", "sobel-x"], "stdout: No space left on device"),
            (["show", "sobel-x", "--json"], "stdout: No space left on device"),
            (["filters", "list", "--json"], "stdout: No space left on device"),
            (["--version"], "stdout: No space left on device"),
            (
                ["filters", "export", "sobel-x", "-o", "-"],
                "stdout: cannot be written: No space left on device",
            ),
            (["relu", "a.csv", "-o", "-"], "stdout: cannot be written: No space left on device"),
            (
                ["filters", "export", "sobel-x", "-o", "/dev/full"],
                "/dev/full: cannot be written: No space left",
            ),
            (["relu", "a.csv", "-o", "/dev/full"], "/dev/full: cannot be written: No space left"),
        ],
    )
    def test_a_full_disk(self, arguments: list[str], line: str) -> None:
        """E6."""
        Path("a.csv").write_text("1,2\n")
        with Path("/dev/full").open("wb") as full:
            stdout = subprocess.PIPE if arguments[-1] == "/dev/full" else full
            finished = as_process(*arguments, stdout=stdout)
        assert finished.code == 5
        assert finished.err.startswith(f"convtool: {line}")
        assert finished.err.count("\n") == 1

    def test_a_device_takes_any_format(self) -> None:
        """E4."""
        finished = as_process("filters", "export", "sobel-x", "-o", os.devnull)
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
        relu = ("relu", "-", "-o", "/dev/stdout", "--format", "csv", "-q")
        finished = as_process(*relu, stdin=b"-7,8\n")
        assert (finished.code, finished.data, finished.err) == (0, b"0,8\n", "")

    def test_a_fifo_is_written_straight_and_stays_one(self) -> None:
        """E4."""
        os.mkfifo("map.csv")
        with spawned("relu", "-", "-o", "map.csv", "-q") as process:
            assert process.stdin is not None
            process.stdin.write(b"-1,2\n")
            process.stdin.close()
            assert Path("map.csv").read_text() == "0,2\n"
            assert process.wait(60) == 0
        assert Path("map.csv").is_fifo()

    def test_maps_through_pipes_of_the_shell(self) -> None:
        Path("notes.csv").write_text("1,0,2\n3,1,0\n0,0,4\n")
        stages = (
            "conv notes.csv -f notes-diagonal -o -",
            "relu - -o - --format npy",
            "pool - -o - --format csv",
        )
        finished = subprocess.run(
            ["sh", "-c", " | ".join(f"{sys.executable} -m convtool {stage}" for stage in stages)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        )
        assert (finished.stdout, finished.stderr) == (b"5\n", b"")


class TestClosedStreams:
    """E6: a shell's ``<&-``, ``>&-`` and ``2>&-``."""

    def run(self, *arguments: str, closed: str) -> Finished:
        return by_shell(f'exec "$@" {closed}', *arguments)

    def test_stdin(self) -> None:
        finished = self.run("show", "sobel-x", closed="<&-")
        assert (finished.code, finished.err) == (0, "")
        finished = self.run("show", "-", closed="<&-")
        assert (finished.code, finished.data, finished.err) == (3, b"", "convtool: stdin: it is empty\n")

    def test_stdout_loses_what_it_should_have_had(self) -> None:
        for arguments in (["show", "sobel-x"], ["--version"], ["filters", "export", "box-3", "-o", "-"]):
            finished = self.run(*arguments, closed=">&-")
            assert finished.code == 5
            assert finished.err.startswith("convtool: stdout: ")
            assert finished.err.count("\n") == 1

    def test_stdout_is_not_missed_where_nothing_is_said(self) -> None:
        finished = self.run("filters", "export", "sobel-x", "-o", "f.json", closed=">&-")
        assert (finished.code, finished.err) == (0, "")
        assert Path("f.json").read_text().startswith('{\n  "format": "convtool.filter/1"')

    def test_stderr(self) -> None:
        finished = self.run("show", "sobel-x", closed="2>&-")
        assert (finished.code, finished.err) == (0, "")
        assert finished.out.startswith("sobel-x · sobel-x")
        finished = self.run("show", "nope.png", closed="2>&-")
        assert (finished.code, finished.data) == (3, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    def test_a_stderr_that_takes_nothing_changes_no_code(self) -> None:
        with Path("/dev/full").open("wb") as full:
            assert as_process("show", "nope.png", stderr=full).code == 3

    def test_all_and_no_message_lands_in_a_file(self, folder: Path) -> None:
        Path("alpha.csv").write_text("1,2\n")
        finished = self.run("relu", "alpha.csv", "-o", "map.csv", "-q", closed="<&- >&- 2>&-")
        assert (finished.code, finished.data, finished.err) == (0, b"", "")
        assert Path("map.csv").read_text() == "1,2\n"
        assert set(contents(folder)) == {"alpha.csv", "map.csv"}


UNBUFFERED = {"PYTHONUNBUFFERED": "1"}


class TestUnevenStreams:
    """A standard output that takes less at once than it is given."""

    LARGE = ("relu", "large.npy", "-o", "-", "--format")

    @pytest.mark.parametrize("format_", ["npy", "csv"])
    @pytest.mark.parametrize("env", [{}, UNBUFFERED])
    @pytest.mark.usefixtures("large")
    def test_a_pipe_that_does_not_block(self, env: dict[str, str], format_: str) -> None:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with (
            os.fdopen(reading, "rb") as pipe,
            spawned(*self.LARGE, format_, env=env, stdout=writing) as process,
        ):
            os.close(writing)
            time.sleep(0.5)  # until the pipe is full
            data = pipe.read()
            assert process.wait(60) == 0
        assert data == in_process(*self.LARGE, format_).data

    @pytest.mark.parametrize("arguments", [(*LARGE, "npy"), ("show", "large.npy", "--full")])
    @pytest.mark.parametrize("env", [{}, UNBUFFERED])
    @pytest.mark.usefixtures("large")
    def test_a_disk_that_fills_in_the_middle(self, env: dict[str, str], arguments: tuple[str, ...]) -> None:
        """E1."""

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        with Path("out").open("wb") as full:
            finished = as_process(*arguments, env=env, stdout=full, preexec_fn=limit)
        assert finished.code == 5
        assert re.fullmatch("convtool: stdout: (cannot be written: )?File too large\n", finished.err)


class TestSignals:
    """E3."""

    def test_ctrl_c_before_the_command_line_is_loaded(self) -> None:
        interrupted_while_loading = (
            "import sys\n"
            "class Interrupting:\n"
            "    def find_spec(self, name, path, target=None):\n"
            "        if name == 'convtool.cli.app':\n"
            "            raise KeyboardInterrupt\n"
            "sys.meta_path.insert(0, Interrupting())\n"
            "from convtool.__main__ import main\n"
            "main()\n"
        )
        command = [sys.executable, "-c", interrupted_while_loading]
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        assert (finished.returncode, finished.stdout, finished.stderr) == (130, b"", b"")

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    @pytest.mark.parametrize("arguments", [["large.npy", "--full"], [*["sobel-x"] * 1000, "--json"]])
    @pytest.mark.usefixtures("large")
    def test_end_it_at_once_though_nobody_reads(
        self, number: signal.Signals, code: int, arguments: list[str]
    ) -> None:
        with spawned("show", *arguments) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(1)
            time.sleep(0.5)  # until the pipe is full
            process.send_signal(number)
            assert process.wait(60) == code
            assert process.stderr.read() == b""

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_leave_no_part_of_a_file(self, number: signal.Signals, code: int, folder: Path) -> None:
        np.save("large.npy", np.random.default_rng(8).random((2500, 2500), np.float32))
        Path("map.csv").write_text("older")
        with spawned("conv", "large.npy", "-f", "identity", "-o", "map.csv") as process:
            while not list(folder.glob(".*.part")):
                assert process.poll() is None
            process.send_signal(number)
            assert process.wait(60) == code
        assert Path("map.csv").read_text() == "older"
        assert set(contents(folder)) == {"large.npy", "map.csv"}


def test_a_killed_process_leaves_the_older_file(folder: Path) -> None:
    """E2."""
    np.save("large.npy", np.random.default_rng(8).random((2500, 2500), np.float32))
    Path("map.csv").write_text("older")
    with spawned("conv", "large.npy", "-f", "identity", "-o", "map.csv") as process:
        while not list(folder.glob(".*.part")):
            assert process.poll() is None
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert Path("map.csv").read_text() == "older"


class TestNamesThatAreNotText:
    """E9."""

    @pytest.mark.skipif(sys.platform == "darwin", reason="its file names are always UTF-8")
    def test_work_and_are_escaped(self) -> None:
        name = os.fsdecode(b"\xff.csv")
        Path(name).write_text("1,2\n")
        finished = as_process("relu", name, "--format", "csv")
        assert (finished.code, finished.err) == (0, "")
        assert finished.out.startswith("ReLU · \\udcff.csv · 1 × 2 → -.map.csv\n")
        assert as_process("show", name, "--json").record["input"] == name
        finished = as_process("show", os.fsdecode(b"\xfe.csv"))
        assert (finished.code, finished.data) == (3, b"")
        assert finished.err == "convtool: \\udcfe.csv: cannot be read: No such file or directory\n"

    def test_ascii_streams_get_ascii(self) -> None:
        Path("é.csv").write_text("1,2\n")
        environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
        finished = as_process("show", "é.csv", env=environment)
        assert (finished.code, finished.err) == (0, "")
        assert finished.data.startswith(b"\\xe9.csv - 1 x 2\n")
        finished = as_process("show", "ü.csv", env=environment)
        assert finished.err == "convtool: \\xfc.csv: cannot be read: No such file or directory\n"


@pytest.mark.parametrize(("raised", "code"), [(faults.Terminated, 143), (KeyboardInterrupt, 130)])
def test_a_signal_in_the_last_moments_ends_quietly(
    raised: type[BaseException], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(faults, "_leave", leave)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert faults.guarded(lambda: 0) == code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("becomes", [RuntimeError("Error calling __set_name__"), None])
def test_a_termination_that_turns_into_something_else_is_still_one(
    becomes: Exception | None, guarded: Callable[[Callable[[], object]], Finished]
) -> None:
    """E3: Python wraps what is raised while a class is made, and drops what is raised in a finaliser."""

    def command() -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except faults.Terminated:
            if becomes is not None:
                raise becomes from None
        return 0

    finished = guarded(command)
    assert (finished.code, finished.out, finished.err) == (143, "", "")
