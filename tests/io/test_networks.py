"""Networks as NPZ: there and back, and what an archive holds that is no network told by one line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convtool.errors import InputError, LimitError
from convtool.io.limits import Limits
from convtool.io.networks import FORMAT, NetworkFile, check_values, read_npz, spec_of_json, write_npz
from tests.cli.runner import ROOT
from tests.io import handmade as hm
from tests.io.archives import BOMB_SIZE, bomb, zipped
from tests.tolerances import assert_same_bytes

SPEC: dict[str, Any] = {"format": FORMAT, "name": "n", "layers": [{"kind": "dense", "name": "d"}]}
ARRAYS = {
    "d.weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "d.bias": np.array([0.1, -3e38], np.float32),
    "p.slope": np.array(0.25, np.float32),
    "c.weights": np.random.default_rng(1).standard_normal((2, 3, 4, 5)).astype(np.float32),
}


def read(content: bytes, **limits: int) -> NetworkFile:
    return read_npz(hm.source_of(content), Limits(**limits) if limits else Limits.of())


def written(network: NetworkFile) -> bytes:
    stream = io.BytesIO()
    write_npz(stream, network)
    return stream.getvalue()


WHOLE = written(NetworkFile(SPEC, ARRAYS))


def packed(
    members: dict[str, bytes],
    method: int = zipfile.ZIP_STORED,
    spec: bytes | None = json.dumps(SPEC).encode(),
) -> bytes:
    """An archive of a spec and other members."""
    return zipped([*([] if spec is None else [("spec.json", spec)]), *members.items()], method)


ARRAY = hm.npy_of(np.zeros((2, 2), np.float32))


class TestThereAndBack:
    def test_spec_and_arrays_are_the_same(self) -> None:
        network = read(WHOLE)
        assert network.spec == SPEC
        assert list(network.arrays) == list(ARRAYS)
        for name, values in ARRAYS.items():
            assert_same_bytes(network.arrays[name], values)

    def test_the_same_network_gives_the_same_bytes(self) -> None:
        assert written(NetworkFile(SPEC, ARRAYS)) == WHOLE
        assert written(read(WHOLE)) == WHOLE

    def test_numpy_reads_the_arrays(self) -> None:
        with np.load(io.BytesIO(WHOLE)) as archive:
            assert {*archive} - {"spec.json"} == set(ARRAYS)
            assert_same_bytes(archive["c.weights"], ARRAYS["c.weights"])

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_archives_of_others_are_read(self, method: int) -> None:
        network = read(packed({"d.weights.npy": hm.npy_of(ARRAYS["d.weights"])}, method))
        assert_same_bytes(network.arrays["d.weights"], ARRAYS["d.weights"])

    @pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2", "i1", "?"])
    def test_numbers_of_any_type_are_read(self, dtype: str) -> None:
        values = np.array([[1, 0], [0, 1]]).astype(dtype)
        assert read(packed({"a.npy": hm.npy_of(values)})).arrays["a"].tolist() == values.tolist()

    def test_names_are_names_and_no_paths(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        names = ["../../x", "/etc/x", "a/b", "x" * 60_000, "\n\x1b[31m", " ", "写真", "spec.json"]
        network = read(written(NetworkFile(SPEC, dict.fromkeys(names, ARRAYS["d.bias"]))))
        assert list(network.arrays) == names
        assert list(tmp_path.iterdir()) == []

    def test_a_name_that_no_archive_can_hold_is_refused(self) -> None:
        says = r"^'a\\x00b.weights' holds a NUL character, which no file in an NPZ can; rename it$"
        with pytest.raises(InputError, match=says):
            written(NetworkFile(SPEC, {"a\0b.weights": ARRAYS["d.bias"]}))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (packed({"a.npy": ARRAY}, spec=None), r"^an NPZ without spec\.json; a network is wr"),
        (packed({}, spec=None), r"^an NPZ without spec\.json"),
        (packed({"notes.txt": b"x"}), r"^it holds 'notes\.txt', neither spec\.json nor an array$"),
        (packed({"sub/": b""}), r"^it holds 'sub/', neither spec\.json nor an array$"),
        (packed({"../../etc/passwd": b"x"}), r"^it holds '\.\./\.\./etc/passwd', neither"),
        (packed({}, spec=b"[]"), '^no network: its format is missing; a spec is {"format": "convtool.ne'),
        (packed({}, spec=b"{}"), "^no network: its format is None; "),
        (packed({}, spec=b'{"format": "convtool.net/2"}'), "^no network: its format is 'convtool.net/2'; "),
        (packed({}, spec=b'{"format": '), "^not valid JSON, line 1 column 12"),
        (packed({}, spec=b"\xff\xfe"), "UTF-16|UTF-8"),
        (packed({}, spec=b""), "^not valid JSON"),
        (packed({"a.npy": b"no array"}), r"^a\.npy: not an NPY file; save the array with numpy\.save$"),
        (packed({"a.npy": hm.npy_of(np.array(["text"]))}), r"^a\.npy: an array of dtype <U4; accepted"),
        (b"PK\5\6" + bytes(18), r"^an NPZ without spec\.json"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read(content)
    assert len(str(caught.value).splitlines()) == 1


def test_a_spec_that_is_too_long_is_not_unpacked() -> None:
    content = packed({}, zipfile.ZIP_DEFLATED, b"{" + b" " * 2**25)
    with pytest.raises(LimitError, match="a network's spec of 33554433 bytes is over the limit of "):
        read(content)


def test_no_process_takes_time_or_memory_for_a_bomb(tmp_path: Path) -> None:
    """Under the limit that a user has, in seconds and bytes of the system's own count."""
    program = (
        "import os, sys; sys.argv[1:] = ['net', 'show', 'n.npz']\n"
        "from convtool.cli.app import main\n"
        "code = main()\n"
        # What getrusage says begins with the memory of the process that started this one.
        "if sys.platform == 'linux':\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    peak = [line for line in lines if line.startswith('VmHWM')][0].split()[1]\n"
        "else:\n"
        "    import resource; peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "print(int(peak) // 1024, os.times().user, code)"
    )
    for claimed, code in ((BOMB_SIZE, 3), (2**24, 3)):
        Path(tmp_path, "n.npz").write_bytes(bomb(claimed))
        finished = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "CONVTOOL_MAX_MEMORY": "4G"},
            capture_output=True,
            text=True,
            check=True,
        )
        megabytes, seconds, given = finished.stdout.split()
        assert (int(given), finished.stderr.count("\n")) == (code, 1), finished
        assert int(megabytes) < 200
        assert float(seconds) < 2


class TestSpec:
    @pytest.mark.parametrize(
        ("part", "says"),
        [
            ("1e39", r"^it holds 1e\+39; every number must be finite in float32$"),
            ("-1e39", r"^it holds -1e\+39; every number"),
            ("NaN", "^it holds nan; every number must be finite in float32$"),
            ("-Infinity", "^it holds -inf; every number"),
            ("9007199254740993", "^it holds 9007199254740993; whole numbers end at 9007199254740992$"),
            ("1" + "0" * 400, "^it holds 1000.*; whole numbers end at"),
            ("1" + "0" * 5000, "thousands of digits"),
            (r'"\ud800"', r"^it holds '\\ud800', half of a surrogate pair; write it as UTF-8$"),
        ],
    )
    def test_what_no_file_can_hold_is_refused_wherever_it_stands(self, part: str, says: str) -> None:
        for text in (part, f'[1, {{"b": [{part}]}}]'):
            with pytest.raises(InputError, match=says):
                spec_of_json(f'{{"format": "{FORMAT}", "meta": {text}}}'.encode())

    @pytest.mark.parametrize(("opened", "closed"), ["[]", ('{"a":', "}")])
    def test_what_is_nested_beyond_reason_is_refused(self, opened: str, closed: str) -> None:
        def of(depth: int) -> dict[str, Any]:
            nested = opened * depth + "1" + closed * depth
            return spec_of_json(f'{{"format": "{FORMAT}", "meta": {nested}}}'.encode())

        assert written(NetworkFile(of(99), {}))
        with pytest.raises(
            InputError, match=r"^it holds lists or objects that are nested more than 100 deep$"
        ):
            of(100)

    @pytest.mark.parametrize("value", [{1, 2}, b"a", np.float32(1), np.arange(2), object])
    def test_what_json_has_no_word_for_is_refused(self, value: Any) -> None:
        with pytest.raises(InputError, match=r"^it holds .*, no text, number, list or object of JSON$"):
            check_values({"a": (value,)})

    def test_half_a_surrogate_pair_is_no_key(self) -> None:
        with pytest.raises(InputError, match="half of a surrogate pair"):
            spec_of_json(rf'{{"format": "{FORMAT}", "\udfff": 1}}'.encode())

    def test_numbers_up_to_the_ends_are_taken(self) -> None:
        text = '[3.4028234e38, -3.4028234e38, 9007199254740992, true, null, 1e-400, "写真"]'
        spec = spec_of_json(f'{{"format": "{FORMAT}", "meta": {text}}}'.encode())
        assert spec["meta"] == [3.4028234e38, -3.4028234e38, 2**53, True, None, 5e-324, "写真"]

    def test_a_long_one_is_refused(self) -> None:
        with pytest.raises(LimitError, match="a network's spec of 16777217 bytes is over the limit of 1677"):
            spec_of_json(b" " * (2**24 + 1))
