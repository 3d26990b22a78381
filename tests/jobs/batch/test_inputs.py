"""Inputs of a batch: whatever the tree and its names, each image once, in its place, or a word why not."""

from __future__ import annotations

import io
import os
import re
import string
import sys
import threading
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.decoders import FORMATS
from convtool.io.images import SUFFIXES
from convtool.jobs.batch import inputs
from convtool.jobs.batch.inputs import collect, read_list
from convtool.jobs.batch.work import Item


def files(*names: str) -> None:
    """Files of as many bytes as their names have characters."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(bytes(len(name)))


def found(
    *names: str, notices: list[str] | None = None, out_dir: str = "maps", **options: Any
) -> list[tuple[str, str]]:
    """Every input and its place."""
    options = {"recursive": False, "include": (), **options}
    told: list[str] = []
    items = collect(names, out_dir=out_dir, notify=told.append, **options)
    assert told == (notices or [])
    return [(item.input, item.place) for item in items]


def test_files_are_items_in_the_order_of_their_bytes() -> None:
    order = ["B.png", "a.png", "b.png", "éa.png", os.fsdecode(b"\xff.png")]
    files(*order)
    items = collect(order[::-1], recursive=False, include=(), out_dir="maps", notify=print)
    assert items == [Item(name, name, len(name)) for name in order]


class TestFolder:
    def test_gives_what_is_called_like_an_image(self) -> None:
        files("photos/a.png", "photos/B.JPG", "photos/c.npy", "photos/d.txt", "photos/e", "photos/f.json")
        notice = (
            "left out 3 file(s) that are not called like images; choose files by their names with --include"
        )
        expected = [("photos/B.JPG", "B.JPG"), ("photos/a.png", "a.png"), ("photos/c.npy", "c.npy")]
        assert found("photos", notices=[notice]) == expected

    def test_gives_what_patterns_say_instead(self) -> None:
        files("photos/a.png", "photos/b.PNG", "photos/c.txt", "photos/d.raw")
        expected = [("photos/a.png", "a.png"), ("photos/c.txt", "c.txt")]
        assert found("photos", include=["*.png", "c.*"]) == expected

    def test_gives_nothing_hidden(self) -> None:
        files("photos/a.png", "photos/.b.png", "photos/.c/d.png", "photos/.txt")
        assert found("photos", recursive=True) == [("photos/a.png", "a.png")]

    def test_gives_its_folders_files_if_asked_to(self) -> None:
        files("photos/a.png", "photos/b/c.png", "photos/b/d/e.png")
        assert found("photos") == [("photos/a.png", "a.png")]
        expected = [("a.png", "a.png"), ("b/c.png", "b/c.png"), ("b/d/e.png", "b/d/e.png")]
        assert found("photos/", recursive=True) == [(f"photos/{name}", place) for name, place in expected]

    def test_follows_links_to_files_alone(self) -> None:
        files("photos/a.png", "other/b.png", "other/c/d.png")
        Path("photos/link.png").symlink_to("../other/b.png")
        Path("photos/folder").symlink_to("../other")
        Path("photos/folder.png").symlink_to("../other")
        Path("photos/loop").symlink_to(".")
        Path("photos/self.png").symlink_to("self.png")
        Path("photos/nowhere.png").symlink_to("nowhere")
        os.mkfifo("photos/pipe.png")
        expected = [("photos/a.png", "a.png"), ("photos/link.png", "link.png")]
        assert found("photos", recursive=True) == expected

    def test_may_itself_be_a_link(self) -> None:
        files("real/deep/a.png")
        Path("photos").symlink_to("real/deep")
        assert found("photos") == [("photos/a.png", "a.png")]

    def test_gives_sizes_of_what_links_lead_to(self) -> None:
        files("photos/a.png", "other/long-name.png")
        Path("photos/b.png").symlink_to("../other/long-name.png")
        items = collect(["photos"], recursive=False, include=(), out_dir="maps", notify=print)
        assert [item.size for item in items] == [len("photos/a.png"), len("other/long-name.png")]

    def test_may_be_deeper_than_python_calls_functions(self) -> None:
        bottom = "/".join(["photos", *"d" * 1100])
        for depth in range(7, len(bottom) + 1, 2):
            Path(bottom[:depth]).mkdir(parents=True, exist_ok=True)
        files(f"{bottom}/a.png")
        try:
            place = f"{bottom}/a.png".removeprefix("photos/")
            assert found("photos", recursive=True) == [(f"{bottom}/a.png", place)]
        finally:  # what clears up after tests cannot, it calls functions
            Path(f"{bottom}/a.png").unlink()
            os.removedirs(bottom)

    @pytest.mark.parametrize(
        ("made", "options", "says"),
        [
            ((), {}, "the folder holds no images"),
            (("photos/.a.png",), {"recursive": True}, "the folder holds no images"),
            (
                ("photos/b/a.png",),
                {},
                "the folder holds no images; look into its 1 folder(s) with --recursive",
            ),
            (
                ("photos/a.txt", "photos/b.gz"),
                {},
                (
                    "it holds no images, but 2 file(s) that are not called like images; "
                    "choose files by their names with --include"
                ),
            ),
            (
                ("photos/a.png", "photos/b/c.tif"),
                {"include": ["*.tif", "*.TIF"]},
                (
                    "none of its 1 file(s) has a name that fits --include *.tif, *.TIF; "
                    "look into its 1 folder(s) with --recursive"
                ),
            ),
            (
                ("photos/a.png",),
                {"include": ["b/*.png"]},
                "none of its 1 file(s) has a name that fits --include b/*.png; names hold no /",
            ),
            (("photos/maps/a.png",), {"out_dir": "photos/maps"}, "the folder holds no images"),
        ],
    )
    def test_that_gives_nothing(self, made: tuple[str, ...], options: dict[str, Any], says: str) -> None:
        Path("photos").mkdir()
        files(*made)
        with pytest.raises(InputError, match=f"^photos: {re.escape(says)}$"):
            found("photos", **options)

    def test_that_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        files("photos/a.png", "photos/b/c.png")
        scandir = os.scandir

        def refuse(folder: str) -> Any:
            if folder == "photos/b":
                raise PermissionError(13, "Permission denied", folder)
            return scandir(folder)

        monkeypatch.setattr(os, "scandir", refuse)
        with pytest.raises(InputError, match=r"^photos/b: cannot be read: Permission denied$"):
            found("photos", recursive=True)


class TestNamed:
    def test_a_file_is_taken_whatever_it_is_called(self) -> None:
        files("a", ".hidden", "b.txt")
        named = ["a", ".hidden", "b.txt"]
        assert found(*named, include=["*.png"]) == [(name, name) for name in sorted(named)]

    def test_a_file_that_is_not_there_is_an_item(self) -> None:
        items = collect(["no/a.png"], recursive=False, include=(), out_dir="maps", notify=print)
        assert items == [Item("no/a.png", "a.png", 0)]

    def test_a_pipe_has_no_size(self) -> None:
        os.mkfifo("a.png")
        items = collect(["a.png"], recursive=False, include=(), out_dir="maps", notify=print)
        assert items == [Item("a.png", "a.png", 0)]

    def test_a_list_is_as_good(self) -> None:
        files("a.png", "photos/b.png")
        expected = [("a.png", "a.png"), ("photos/b.png", "photos/b.png")]
        assert found("a.png", listed=iter(["photos", "a.png"])) == expected
        assert found(listed=["a.png"]) == [("a.png", "a.png")]

    def test_a_file_named_twice_is_one_as_it_was_named_first(self) -> None:
        files("photos/a.png", "photos/b.png")
        absolute = str(Path("photos/a.png").absolute())
        expected = [("./photos/a.png", "a.png"), ("photos/b.png", "b.png")]
        assert found("./photos/a.png", "photos", "photos/", "photos/x/../a.png", absolute) == expected

    @pytest.mark.parametrize(
        "name", ["-x.png", "two\nlines.png", "\x1b[31m.png", "[bold].png", "~.png", "./-", "a b\t.png"]
    )
    def test_names_do_no_harm(self, name: str) -> None:
        files(name)
        assert found(name) == [(name, name.removeprefix("./"))]
        assert found(".", include=["*"]) == [(f"./{name}".replace("././", "./"), name.removeprefix("./"))]

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("", "^a name is empty; name a file or a folder$"),
            ("-", r"^- is standard input, and a batch reads files; give names on it with --files-from -$"),
            ("a\0b", r"^the path 'a\\x00b' holds a NUL character, which no file's name can$"),
        ],
    )
    def test_what_is_no_name(self, name: str, says: str) -> None:
        files("a.png")
        with pytest.raises(ArgumentError, match=says):
            found("a.png", name)
        with pytest.raises(ArgumentError, match=says):
            found("a.png", listed=[name])

    def test_nothing(self) -> None:
        says = "^no images are given; name files or folders, or a list of them with --files-from$"
        with pytest.raises(ArgumentError, match=says):
            found()


class TestPlace:
    @pytest.mark.parametrize(
        ("names", "places"),
        [
            (["x/photos"], ["a.png"]),
            (["x/photos/a.png"], ["a.png"]),
            (["x/photos", "x/more"], ["more/b.png", "photos/a.png"]),
            (["x/photos/a.png", "x/photos", "x/photos/deep/c.png"], ["a.png", "deep/c.png"]),
            (["x/photos/deep/c.png", "x"], ["d.png", "photos/deep/c.png"]),
            (["x/more/../photos/a.png"], ["a.png"]),
        ],
    )
    def test_is_below_the_deepest_folder_that_holds_all(self, names: list[str], places: list[str]) -> None:
        files("x/photos/a.png", "x/more/b.png", "x/photos/deep/c.png", "x/d.png")
        assert [place for _, place in found(*names)] == places

    def test_does_not_change_with_where_one_stands(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files("x/photos/a.png", "x/more/b.png")
        monkeypatch.chdir("x/more")
        assert found(".", "../photos") == [("../photos/a.png", "photos/a.png"), ("./b.png", "more/b.png")]

    def test_is_not_that_of_a_link(self) -> None:
        files("real/a.png")
        files("x/b.png")
        Path("x/photos").symlink_to("../real")
        expected = [("x/b.png", "b.png"), ("x/photos/a.png", "photos/a.png")]
        assert found("x", "x/photos/a.png") == expected

    def test_from_the_root(self, folder: Path) -> None:
        files("a.png")
        place = str(folder / "a.png")[1:]
        assert found("a.png", "/nowhere.png") == [("/nowhere.png", "nowhere.png"), ("a.png", place)]

    def test_is_not_changed_by_the_folder_of_outputs_named_with_others(self) -> None:
        """The second time that ``batch *`` is said, the folder of outputs is among the names."""
        files("photos/a.png", "maps/a.map.png")
        notice = "left out 1 name(s): they lie in --out-dir maps, where only outputs go"
        assert found("maps", "photos", notices=[notice]) == found("photos") == [("photos/a.png", "a.png")]


class TestFolderOfOutputs:
    def test_is_not_looked_into(self) -> None:
        files("a.png", "maps/a.x.map.png", "maps/deep/b.png")
        assert found(".", recursive=True) == [("./a.png", "a.png")]
        Path("link").symlink_to("maps")
        assert found(".", recursive=True, out_dir="link") == [("./a.png", "a.png")]

    def test_is_left_out_by_any_name(self) -> None:
        files("a.png", "maps/b.png", "photos/d.png", "maps2/e.png")
        Path("c.png").symlink_to("maps/b.png")
        Path("photos/f.png").symlink_to("../maps/b.png")
        Path("other").symlink_to("maps")
        notice = "left out 5 name(s): they lie in --out-dir ./maps/, where only outputs go"
        names = ["maps/b.png", "c.png", "maps", "other", "x/../maps/none.png"]
        taken = found("a.png", "photos", "maps2", *names, notices=[notice], out_dir="./maps/")
        assert [name for name, _ in taken] == ["a.png", "maps2/e.png", "photos/d.png"]

    @pytest.mark.parametrize("names", [["."], ["a.png"], ["photos", "a.png"]])
    def test_that_holds_everything(self, names: list[str]) -> None:
        files("a.png", "photos/b.png")
        says = r"^all that is named lies in --out-dir \., where only outputs go; name another folder$"
        with pytest.raises(ArgumentError, match=says):
            found(*names, out_dir=".")


class TestTwoThatWouldWriteOneName:
    @pytest.mark.parametrize(
        ("one", "other", "name"),
        [
            ("a.jpg", "a.png", "a"),
            ("a b.png", "a-b.png", "a-b"),
            ("a.map.png", "a.png", "a"),
            ("é.png", "ü.png", "-"),
        ],
    )
    def test_are_both_named(self, one: str, other: str, name: str) -> None:
        files(f"photos/{one}", f"photos/{other}")
        says = f"photos/{one} and photos/{other} would both write {name}.FILTER.map.png; rename one"
        for names in (["photos"], [f"photos/{other}", f"./photos/../photos/{one}"]):
            with pytest.raises(
                ArgumentError, match=re.escape(says).replace("photos/a", "[./]*photos/.*a", 1)
            ):
                found(*names)

    def test_do_not_in_two_folders(self) -> None:
        files("x/a.png", "y/a.jpg")
        assert found("x", "y") == [("x/a.png", "x/a.png"), ("y/a.jpg", "y/a.jpg")]


NAMES = st.one_of(
    st.sampled_from(["a.png", "b.PNG", "a.map.png", "c", ".d.png", "e.txt", "-", "maps", "x", "y"]),
    st.binary(min_size=1, max_size=6)
    .filter(lambda name: not {0, ord("/")} & set(name) and name not in (b".", b".."))
    .map(os.fsdecode),
)
TREES = st.recursive(
    st.integers(0, 9), lambda below: st.dictionaries(NAMES, below, max_size=5), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))


def build(folder: Path, tree: dict[str, Any]) -> None:
    folder.mkdir()
    for name, below in tree.items():
        if isinstance(below, dict):
            build(folder / name, below)
        else:
            (folder / name).write_bytes(bytes(below))


def walked(tree: dict[str, Any], recursive: bool, include: list[str], place: str = "") -> dict[str, int]:
    """The slow twin: places and sizes of what is to be found."""
    places: dict[str, int] = {}
    for name, below in tree.items():
        if name.startswith("."):
            continue
        if f"{place}{name}" == "maps" and isinstance(below, dict):
            continue
        if isinstance(below, dict):
            places |= walked(below, recursive, include, f"{place}{name}/") if recursive else {}
        elif (
            any(fnmatchcase(name, pattern) for pattern in include)
            if include
            else Path(f"x{name}").suffix.lower() in SUFFIXES
        ):
            places[f"{place}{name}"] = below
    return places


def written(place: str) -> tuple[str, str]:
    """The slow twin: the folder of its outputs, and how their names begin."""
    stem = PurePosixPath(place).stem
    if len(stem) > 4 and stem.endswith(".map"):
        stem = stem[:-4]
    plain = string.ascii_letters + string.digits + "._-"
    return str(PurePosixPath(place).parent), "".join(c if c in plain else "-" for c in stem)


@given(tree=TREES, recursive=st.booleans(), include=st.sampled_from([[], ["*"], ["*.png", "?"]]))
def test_any_tree(
    tree: dict[str, Any],
    recursive: bool,
    include: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("trees") / "root"
    build(root, tree)
    expected = walked(tree, recursive, include)
    options = {"recursive": recursive, "include": include, "out_dir": str(root / "maps")}
    if not expected:
        with pytest.raises(InputError, match=rf"^{root}: (the folder|it) holds no images|: none of its"):
            collect([str(root)], notify=lambda _: None, **options)
    elif len(set(map(written, expected))) < len(expected):
        with pytest.raises(ArgumentError, match=r"would both write [^/]*\.FILTER\.map\.png; rename one$"):
            collect([str(root)], notify=lambda _: None, **options)
    else:
        items = collect([str(root)], notify=lambda _: None, **options)
        order = sorted(expected, key=os.fsencode)
        assert items == [Item(f"{root}/{place}", place, expected[place]) for place in order]


def test_suffixes_are_those_of_the_formats() -> None:
    PIL.Image.init()
    known = {suffix for suffix, name in PIL.Image.registered_extensions().items() if name in FORMATS}
    assert set(SUFFIXES) == known | {".npy"}


class TestList:
    @pytest.mark.parametrize(
        ("content", "nul", "names"),
        [
            (b"a.png\nb.png\n", False, ["a.png", "b.png"]),
            (b"a.png\nb.png", False, ["a.png", "b.png"]),
            (b"a b.png\r\n-x\r\n", False, ["a b.png", "-x"]),
            (b" a \n\n\n", False, [" a ", "", ""]),
            (b"a\rb\n", False, ["a\rb"]),
            (b"\xff\xe9.png\n", False, [os.fsdecode(b"\xff\xe9.png")]),
            (b"a.png\0b.png\0", True, ["a.png", "b.png"]),
            (b"a.png\0b.png", True, ["a.png", "b.png"]),
            (b"two\nlines\r\n\0\xff\r\0", True, ["two\nlines\r\n", os.fsdecode(b"\xff\r")]),
            (b"a\0\0", True, ["a", ""]),
        ],
    )
    def test_of_names(self, content: bytes, nul: bool, names: list[str]) -> None:
        Path("list").write_bytes(content)
        assert read_list("list", nul=nul) == names

    @given(names=st.lists(st.binary(min_size=1).filter(lambda name: b"\0" not in name), min_size=1))
    def test_any_names_survive_nul(
        self, names: list[bytes], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        file = tmp_path_factory.mktemp("lists") / "list"
        file.write_bytes(b"".join(name + b"\0" for name in names))
        assert [os.fsencode(name) for name in read_list(str(file), nul=True)] == names

    def test_on_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\n")))
        assert read_list("-", nul=False) == ["a", "b"]

    def test_from_a_pipe(self) -> None:
        os.mkfifo("list")
        writer = threading.Thread(target=Path("list").write_bytes, args=[b"a\0b\0"])
        writer.start()
        try:
            assert read_list("list", nul=True) == ["a", "b"]
        finally:
            writer.join()

    def test_of_another_kind(self) -> None:
        Path("list").write_bytes(b"a\0b\0")
        says = r"^list: its names end with NUL characters, not with lines; say so with -0$"
        with pytest.raises(ArgumentError, match=says):
            read_list("list", nul=False)
        Path("list").write_bytes(b"a\nb\n")
        says = r"^list: its names end with lines, not with NUL characters; leave out -0$"
        with pytest.raises(ArgumentError, match=says):
            read_list("list", nul=True)

    def test_that_is_empty(self) -> None:
        Path("list").touch()
        with pytest.raises(InputError, match=r"^list: it is empty$"):
            read_list("list", nul=False)

    def test_that_is_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inputs, "MAX_TEXT_BYTES", 9)
        Path("list").write_bytes(bytes(9))
        assert len(read_list("list", nul=True)) == 9
        Path("list").write_bytes(bytes(10))
        says = r"^list: a list of 10 bytes is over the limit of 9; divide it into several$"
        with pytest.raises(LimitError, match=says):
            read_list("list", nul=True)
