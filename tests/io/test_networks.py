"""Networks as NPZ: there and back, and everything that is wrong with an archive told by one line."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convtool.errors import ConvtoolError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.io.networks import FORMAT, NetworkFile, read_npz, spec_of_json, write_npz
from tests.cli.runner import ROOT
from tests.io import handmade as hm
from tests.tolerances import assert_same_bytes

SPEC: dict[str, Any] = {"format": FORMAT, "name": "n", "layers": [{"kind": "dense", "name": "d"}]}
ARRAYS = {
    "d.weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "d.bias": np.array([0.1, -3e38], np.float32),
    "p.slope": np.array(0.25, np.float32),
    "c.weights": np.random.default_rng(1).standard_normal((2, 3, 4, 5)).astype(np.float32),
}
DAMAGED = "^the NPZ is damaged, or no NPZ; write the network again$"


def read(content: bytes, **limits: int) -> NetworkFile:
    return read_npz(hm.source_of(content), Limits(**limits) if limits else Limits.of())


def written(network: NetworkFile) -> bytes:
    stream = io.BytesIO()
    write_npz(stream, network)
    return stream.getvalue()


WHOLE = written(NetworkFile(SPEC, ARRAYS))


def packed(
    members: dict[str, bytes] | list[tuple[str, bytes]],
    method: int = zipfile.ZIP_STORED,
    spec: bytes | None = json.dumps(SPEC).encode(),
) -> bytes:
    """An archive of a spec and other members."""
    stream = io.BytesIO()
    given = list(members.items() if isinstance(members, dict) else members)
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in [*([] if spec is None else [("spec.json", spec)]), *given]:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def patched(content: bytes, name: str, *, field: int, value: bytes, local: int | None = None) -> bytes:
    """An archive in which a field of a member's entry in the directory, and before the member, is other."""
    data = bytearray(content)
    entry = content.rindex(b"PK\1\2", 0, content.rindex(name.encode()))
    data[entry + field : entry + field + len(value)] = value
    if local is not None:
        (start,) = struct.unpack_from("<I", content, entry + 42)
        data[start + local : start + local + len(value)] = value
    return bytes(data)


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


@pytest.mark.parametrize("length", [*range(4, len(WHOLE), 41), *range(len(WHOLE) - 60, len(WHOLE))])
def test_truncated(length: int) -> None:
    with pytest.raises(InputError, match=DAMAGED):
        read(WHOLE[:length])


@given(flips=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@example(flips=[(len(WHOLE) - 3, 255)])
@example(flips=[(len(WHOLE) - 8, 255), (len(WHOLE) - 7, 255)])
@example(flips=[(1426, 172)])
@settings(max_examples=600, deadline=None)
def test_any_other_bytes_are_read_or_refused(flips: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, value in flips:
        content[place] = value
    try:
        network = read(bytes(content))
    except ConvtoolError as error:
        line = str(error)
    else:  # a checksum vouches for what is in every file
        assert network.spec == SPEC
        assert {name: values.tobytes() for name, values in network.arrays.items()} == {
            name: values.tobytes() for name, values in ARRAYS.items()
        }
        line = "read"
    assert len(line.splitlines()) == 1


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_no_archive(content: bytes) -> None:
    with pytest.raises(InputError, match=DAMAGED):
        read(b"PK\3\4" + content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (packed({"a.npy": ARRAY}, spec=None), r"^an NPZ without spec\.json; a network is wr"),
        (packed([], spec=None) + b"", r"^an NPZ without spec\.json"),
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
        (packed({"a.npy": ARRAY[:-1]}), r"^a\.npy: the header promises 16 bytes .*, the file holds 15"),
        (packed({"a.npy": b""}), r"^a\.npy: not an NPY file"),
        (packed({"a.npy": hm.npy_of(np.array([[None]], object))}), r"^a\.npy: an array of dtype object; a"),
        (packed({"a.npy": hm.npy_of(np.array(["text"]))}), r"^a\.npy: an array of dtype <U4; accepted"),
        (packed({"a.npy": hm.npy_of(np.array([1j]))}), r"^a\.npy: an array of dtype complex128"),
        (packed({"a.npy": hm.npy_of(np.zeros((1,) * 5))}), r"^a\.npy: an array of 5 axes"),
        (packed({"a.npy": hm.npy_of(np.zeros((2, 0)))}), r"^a\.npy: an array of shape \(2, 0\); it holds no"),
        (patched(packed({"a.npy": ARRAY}), "a.npy", field=8, value=b"\1\0", local=6),
         r"^'a\.npy' is encrypted or packed in a way that NPZ is not$"),
        (patched(packed({"a.npy": ARRAY}), "a.npy", field=10, value=b"\x63\0", local=8),
         r"^'a\.npy' is encrypted or packed in a way that NPZ is not$"),
        (packed({"a.npy": ARRAY}, zipfile.ZIP_LZMA), r"^'(spec\.json|a\.npy)' is encrypted or packed in"),
        (packed({"a.npy": ARRAY}, zipfile.ZIP_BZIP2), "is encrypted or packed in a way that NPZ is not$"),
        (patched(packed({"a.npy": ARRAY}), "a.npy", field=16, value=b"\0\0\0\0", local=14), DAMAGED),
        (patched(packed({"a.npy": ARRAY}), "a.npy", field=24, value=b"\1\0\0\0", local=22), DAMAGED),
        (patched(packed({"a.npy": ARRAY}), "a.npy", field=42, value=b"\xff\xff\0\0"), DAMAGED),
        (packed({"a.npy": ARRAY})[:-22], DAMAGED),
        (b"PK\5\6" + bytes(18), r"^an NPZ without spec\.json"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read(content)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["a.npy", "spec.json"])
def test_two_files_of_one_name(name: str) -> None:
    with pytest.raises(InputError, match="it holds two files of one name; write the network again"):
        read(packed([("a.npy", ARRAY), (name, ARRAY)]))


def test_too_many_files() -> None:
    stream = io.BytesIO(packed({}))
    with zipfile.ZipFile(stream, "a") as archive:
        entry = archive.filelist[0]
        for number in range(65_536):
            other = zipfile.ZipInfo(f"{number}.npy")
            other.header_offset, other.CRC = entry.header_offset, entry.CRC
            archive.filelist.append(other)
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="it holds 65537 files, over the limit of 65536"):
        read(stream.getvalue())


class Creating:
    """What makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("executed",)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^a\.npy: an array of dtype object"):
        read(packed({"a.npy": hm.npy_of(np.array([Creating()], object))}))
    assert not Path("executed").exists()


GIGABYTES = 3 * 2**30


def bomb(claimed: int | None) -> bytes:
    """A member that inflates to 3 GiB, and claims so many bytes, or as many as it is."""
    piece = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = piece.compress(bytes(2**20)) + piece.flush(zlib.Z_FULL_FLUSH)
    stream = zeros * (GIGABYTES // 2**20) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    claim = struct.pack("<I", GIGABYTES if claimed is None else claimed)
    content = packed({"a.npy": stream})
    length = struct.pack("<I", len(stream))
    for field, local, value in ((10, 8, b"\x08\0"), (24, 22, claim), (20, 18, length)):
        content = patched(content, "a.npy", field=field, value=value, local=local)
    return content


class TestBombs:
    @pytest.mark.parametrize("claimed", [100, 2**20, 2**24])
    def test_a_file_that_inflates_to_more_than_it_claims(self, claimed: int) -> None:
        content = bomb(claimed)
        assert len(content) < 4 * 2**20
        tracemalloc.start()
        with pytest.raises(InputError, match=rf"{DAMAGED}|^'a\.npy' is not as long as the NPZ says"):
            read(content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * claimed + 2**22

    def test_a_file_that_claims_what_it_inflates_to(self) -> None:
        content = bomb(None)
        tracemalloc.start()
        with pytest.raises(InputError, match=r"^it would inflate to 3221\d+ bytes, over 100 times its own"):
            read(content, memory=2**40)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**20

    def test_many_files_are_one_sum(self) -> None:
        arrays = {f"{number}.npy": hm.npy_of(np.zeros(1000, np.float32)) for number in range(50)}
        with pytest.raises(LimitError, match=r"raise it with --max-memory 1M or CONVTOOL_MAX_MEMORY=1M$"):
            read(packed(arrays), memory=900_000)
        assert len(read(packed(arrays), memory=1_100_000).arrays) == 50

    def test_a_header_that_claims_more_than_the_file_holds(self) -> None:
        header = hm.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }", bytes(64))
        with pytest.raises(InputError, match=r"^a\.npy: the header promises 4000000000000 bytes"):
            read(packed({"a.npy": header}))

    def test_a_spec_that_is_too_long(self) -> None:
        content = packed({}, zipfile.ZIP_DEFLATED, b"{" + b" " * 2**25)
        with pytest.raises(LimitError, match="a network's spec of 33554433 bytes is over the limit of "):
            read(content)

    def test_no_process_takes_time_or_memory_for_one(self, tmp_path: Path) -> None:
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
        for claimed, code in ((None, 3), (2**24, 3)):
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
