"""What the system sees of a run, by strace: the shim misses no call, and true errors end as its own do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import ROOT, Finished, contents
from tests.outputs.shim import Shim, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

KINDS = {
    "write": "write",
    "rename": "rename",
    "renameat": "rename",
    "renameat2": "rename",
    "mkdir": "mkdir",
    "mkdirat": "mkdir",
    "unlink": "unlink",
    "unlinkat": "unlink",
}
"""System calls by the shim's names; any other that changes a file is none of the shim's."""

CHANGES = (
    *KINDS,
    *("openat", "open", "creat", "fsync", "fdatasync", "truncate", "ftruncate", "fallocate", "pwrite64"),
    *("writev", "sendfile", "copy_file_range", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmod"),
    *("fchmodat", "chown", "fchown", "fchownat", "utimensat", "rmdir", "setxattr", "fsetxattr"),
)

RUNS = [
    ("conv", "photo.png", "-f", "edge.json", "-o", "map.csv", "-q"),
    ("conv", "photo.png", "-f", "edge.json", "-o", "saved.png", "-q"),
    ("run", "photo.png", "-f", "bank.json", "--out-dir", "new/maps", "--format", "npy", "-q"),
    ("relu", "matrix.npy", "-o", "-", "--format", "json"),
    ("filters", "export", "edge.json", "-o", "filter.npy"),
]


def traced(*arguments: str, strace: tuple[str, ...], folder: Path) -> tuple[Finished, str]:
    """Run a command under strace; give what the user sees, and the trace."""
    log = folder.parent / "trace"
    watch = ("strace", "--seccomp-bpf", "-f", "-y", "-qq", "-o", str(log), *strace)
    finished = subprocess.run(
        [*watch, sys.executable, "-m", "convtool", *arguments],
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    trace = log.read_text()
    if "ptrace" in finished.stderr.decode():
        pytest.skip("this system lets nobody trace")
    return Finished(finished.returncode, finished.stdout, finished.stderr.decode()), trace


def kind(call: str, line: str, folder: Path) -> str | None:
    """What the shim calls a system call that strace saw; ``None`` if it changes nothing of ours."""
    if call in ("openat", "open", "creat"):
        if "O_WRONLY" in line or "O_RDWR" in line:
            return "create" if ".part" in line else call
        return "sync folder" if re.search(rf"= \d+<{folder}[^.>]*>$", line) and ".py" not in line else None
    if call == "fsync":
        return "sync" if ".part>" in line else "sync folder"
    if call == "write" and not (".part>" in line or "write(1<" in line):
        return None
    return KINDS.get(call, call)


@pytest.mark.parametrize("arguments", RUNS, ids=" ".join)
def test_the_shim_misses_no_call_that_changes_a_file(arguments: tuple[str, ...], folder: Path) -> None:
    before = contents(folder)
    _, trace = traced(*arguments, strace=("-e", f"trace={','.join(f'?{c}' for c in CHANGES)}"), folder=folder)
    after = contents(folder)
    seen = []
    for line in trace.splitlines():
        if match := re.match(r"\d+\s+(\w+)\(", line):
            call = kind(match[1], line, folder)
            if call and not ("O_NONBLOCK" in line and "O_DIRECTORY" in line):
                seen.append(call)
    for name in after.keys() - before.keys():
        path = folder / name
        if path.is_file():
            path.unlink()
    shutil.rmtree(folder / "new", ignore_errors=True)
    shim = Shim(folder)
    assert run(shim, *arguments).code == 0
    assert seen == [call for call in shim.log if call not in ("stat", "open", "read", "close")]
    assert contents(folder) == after


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("write", "ENOSPC"),
        ("write", "EIO"),
        ("write", "EDQUOT"),
        ("fsync", "EIO"),
        ("fsync", "ENOSPC"),
        ("rename", "EACCES"),
        ("rename", "EROFS"),
        ("mkdir", "ENOSPC"),
        ("mkdir", "EROFS"),
    ],
)
def test_a_true_error(call: str, error: str, folder: Path) -> None:
    """E1: each call of a kind in its turn, refused by the system itself."""
    arguments = RUNS[2]
    before = contents(folder)
    clean, _ = traced(*arguments, strace=("-e", "trace=none"), folder=folder)
    assert clean == Finished(0, b"", "")
    after = contents(folder)
    for number in count(1):
        shutil.rmtree(folder / "new")
        strace = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")
        finished, trace = traced(*arguments, strace=strace, folder=folder)
        left = contents(folder)
        (folder / "new").mkdir(exist_ok=True)
        if "(INJECTED)" not in trace:
            assert (finished, left) == (clean, after)
            break
        (line,) = (line for line in trace.splitlines() if "(INJECTED)" in line)
        assert before.items() <= left.items() <= after.items()
        if finished.code == 0:  # the folder's own sync, or a message on a stream
            assert call == "fsync"
            assert ".part" not in line
            assert left == after
        else:
            assert finished.code == 5
            assert finished.err.startswith("convtool: new/maps")
            assert finished.err.count("\n") == 1
    assert number > 2
