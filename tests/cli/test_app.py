"""The front door: version, help and its examples, completion, and how little a start loads."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

import convtool
from convtool.cli.app import app
from tests.cli.runner import FILTERS, ROOT, as_process, in_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = sorted(path.stem for path in FILTERS.glob("*.json"))


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


ALL = dict(commands(typer.main.get_command(app)))


def test_the_commands() -> None:
    assert [" ".join(path) for path in ALL if path] == [
        *("run", "conv", "relu", "pool", "show", "explain", "sheet", "report", "plan", "batch"),
        *("filters", "filters list", "filters show", "filters check", "filters export"),
        *("learn", "find", "recover"),
        *("net", "net train", "net eval", "net classify", "net run"),
        *("net show", "net explain", "net filters", "net patches", "net export"),
    ]


def test_version() -> None:
    finished = in_process("--version")
    assert (finished.code, finished.out, finished.err) == (0, f"convtool {convtool.__version__}\n", "")


def test_as_a_module() -> None:
    finished = as_process("--version")
    assert (finished.code, finished.out, finished.err) == (0, f"convtool {convtool.__version__}\n", "")
    finished = as_process("bogus")
    assert finished.code == 2
    assert finished.err == "convtool: No such command 'bogus'. (see 'convtool --help')\n"


class TestHelp:
    @pytest.mark.parametrize("path", ALL)
    @pytest.mark.parametrize("option", ["--help", "-h"])
    def test_is_plain_text_with_every_option_explained(self, path: tuple[str, ...], option: str) -> None:
        finished = in_process(*path, option)
        assert (finished.code, finished.err) == (0, "")
        assert finished.out.startswith(f"Usage: {' '.join(('convtool', *path))} ")
        assert finished.out.isascii()
        assert "\\b" not in finished.out
        for parameter in ALL[path].params:
            assert parameter.help, parameter.name
            for name in parameter.opts if parameter.param_type_name == "option" else ():
                assert re.search(rf"(?<!\S){name}\b", finished.out)

    @pytest.mark.parametrize("path", ALL)
    def test_has_examples_that_can_be_copied(self, path: tuple[str, ...]) -> None:
        shown = in_process(*path, "--help").out
        lines = [
            line.strip().removeprefix("Example: ")
            for line in shown.splitlines()
            if re.match(r" +(Example: )?convtool ", line)
        ]
        assert lines
        for line in lines:
            program, *arguments = shlex.split(line)
            assert program == "convtool"
            assert len(line) <= 76
            parsed = tuple(parse(ALL[()], arguments))
            assert parsed[: len(path)] == path

    def test_of_nothing_is_the_help_on_stderr(self) -> None:
        for path in ((), ("filters",), ("net",)):
            finished = in_process(*path)
            assert (finished.code, finished.data) == (2, b"")
            assert finished.err == in_process(*path, "--help").out


def parse(command: Any, arguments: list[str]) -> Iterator[str]:
    """Parse a command line without running it; give the names of its commands."""
    context = command.make_context("convtool", list(arguments))
    if hasattr(command, "commands"):
        name, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        yield name
        yield from parse(below, rest)


class TestCompletion:
    def asked(self, line: str) -> dict[str, str]:
        """The environment in which bash asks how a line goes on."""
        return {
            "_CONVTOOL_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        }

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("convtool run a.png --filter sob", ["sobel-x", "sobel-y"]),
            ("convtool conv a.png -f ", NAMES),
            ("convtool plan a.png -f sob", ["sobel-x", "sobel-y"]),
            ("convtool plan --pool-kind m", ["max", "min"]),
            ("convtool filters show scharr", ["scharr-x", "scharr-y"]),
            ("convtool filters check gab", ["gabor"]),
            ("convtool filters export la", ["laplacian-4", "laplacian-8", "laws"]),
            ("convtool r", ["run", "relu", "report", "recover"]),
            ("convtool find a.png -f sob", ["sobel-x", "sobel-y"]),
            ("convtool learn --method l", ["lda", "logistic"]),
            ("convtool recover --si", ["--size"]),
            ("convtool run --padding-mode r", ["reflect", "replicate"]),
            ("convtool pool --si", ["--size"]),
        ],
    )
    def test_knows_filters_commands_and_options(
        self, line: str, words: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in self.asked(line).items():
            monkeypatch.setenv(name, value)
        finished = in_process()
        assert (finished.code, finished.out.split(), finished.err) == (0, words, "")

    def test_answers_a_shell(self) -> None:
        finished = as_process(env=self.asked("convtool conv a.png -f sob"))
        assert (finished.code, finished.out.split(), finished.err) == (0, ["sobel-x", "sobel-y"], "")

    def test_can_be_shown(self) -> None:
        command = f"{shlex.quote(sys.executable)} -m convtool --show-completion; exit $?"
        finished = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, check=True)
        assert finished.stderr == b""
        assert b"_CONVTOOL_COMPLETE=complete_bash" in finished.stdout
        assert finished.stdout.endswith(b"complete -o default -F _convtool_completion convtool\n")


class TestStart:
    HEAVY = ("numpy", "PIL", "rich", "threadpoolctl", "convtool.core", "convtool.jobs", "convtool.view")

    def loaded(self, *arguments: str) -> set[str]:
        code = (
            "import json, sys\n"
            f"sys.argv = {['convtool', *arguments]!r}\n"
            "from convtool.cli.app import main\n"
            "code = main()\n"
            "assert code == 0, code\n"
            "print(json.dumps(sorted(sys.modules)))\n"
        )
        finished = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
        )
        return set(json.loads(finished.stdout.splitlines()[-1]))

    @pytest.mark.parametrize(
        "arguments",
        [["--help"], ["--version"]]
        + [
            [name, "--help"]
            for name in ("run", "plan", "filters", "learn", "find", "recover", "sheet", "net")
        ],
    )
    def test_help_loads_nothing_heavy(self, arguments: list[str]) -> None:
        assert self.loaded(*arguments).isdisjoint(self.HEAVY)

    @pytest.mark.parametrize(("path", "other"), [("run", "conv"), ("net.run", "net.explain")])
    def test_a_command_loads_no_other(self, path: str, other: str) -> None:
        loaded = self.loaded(*path.split("."), "--help")
        assert f"convtool.cli.{path}" in loaded
        assert f"convtool.cli.{other}" not in loaded

    def test_a_command_loads_what_it_needs(self, folder: Path) -> None:
        (folder / "a.csv").write_text("1,2\n")
        loaded = self.loaded("relu", str(folder / "a.csv"), "-o", str(folder / "b.npy"), "-q")
        assert "numpy" in loaded
        assert loaded.isdisjoint({"PIL", "rich"})
        assert "rich" in self.loaded("show", "sobel-x")
