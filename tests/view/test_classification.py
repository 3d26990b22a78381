"""Classifications as lines: three fields each, whatever names hold, in whatever encoding."""

from __future__ import annotations

from convtool.view.classification import classification_lines


def record(*classes: tuple[str, float], path: str = "a.png") -> dict[str, object]:
    return {"input": path, "top": [{"class": name, "probability": share} for name, share in classes]}


def test_a_line_for_each_class() -> None:
    lines = classification_lines(record(("cat", 0.99996), ("dog", 3e-5)), "utf-8")
    assert lines == "a.png\tcat\t1.0000\na.png\tdog\t0.0000\n"


def test_tabs_and_line_breaks_in_names_end_no_field() -> None:
    lines = classification_lines(record(("[b]\n", 0.5), path="a\tb\x1b[31m.png"), "utf-8")
    assert lines == "a\\tb\\x1b[31m.png\t[b]\\n\t0.5000\n"


def test_what_a_stream_cannot_say_is_escaped() -> None:
    assert classification_lines(record(("é", 0.25)), "ascii") == "a.png\t\\xe9\t0.2500\n"
    assert classification_lines(record(("写真", 0.25), path="\udcff"), "utf-8") == "\\udcff\t写真\t0.2500\n"
