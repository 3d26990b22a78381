"""A training in lines: numbers below their heads at any width, what is not there, and names as text."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.consoles import console_for
from convtool.view.training import print_record

BEGIN: dict[str, Any] = {
    "event": "begin",
    "data": "digits/",
    "architecture": "notes-cnn",
    "parameters": 20490,
    "classes": ["0", "1", "2"],
    "images": 54000,
    "held_out": 6000,
    "size": [1, 28, 28],
}
EPOCH: dict[str, Any] = {
    "event": "epoch",
    "epoch": 1,
    "rate": 0.00195106,
    "loss": 0.21884,
    "accuracy": 0.93296,
    "validation_loss": 0.073149,
    "validation_accuracy": 0.97866,
    "images_per_second": 8731.4,
}
END: dict[str, Any] = {
    "event": "end",
    "output": "digits.npz",
    "epoch": 9,
    "validation_accuracy": 0.99016,
    "test": None,
    "seconds": 61.2,
}
TEST = {"data": "t10k", "count": 10000, "correct": 9912, "accuracy": 0.9912, "interval": [0.9891, 0.9928]}


def piped(*records: dict[str, Any], encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    for record in records:
        print_record(console_for(stream, "never"), record)
    stream.seek(0)
    return stream.read()


def test_every_number_has_its_place_below_its_head() -> None:
    last = {**EPOCH, "epoch": 10, "loss": 0.0, "accuracy": 1.0, "validation_loss": 2.5, "rate": 3e-10,
            "validation_accuracy": 0.0, "images_per_second": 12345.6}  # fmt: skip
    assert piped(BEGIN, EPOCH, last, {**END, "test": TEST}) == (
        "digits/ · notes-cnn\n"
        "54,000 images of 1×28×28 to learn from, 6,000 held out\n"
        "3 classes, 20,490 parameters\n"
        "                         --- held out ---\n"
        "epoch    loss  accuracy    loss  accuracy     rate  images/s\n"
        "    1  0.2188   93.30 %  0.0731   97.87 %  2.0e-03     8,731\n"
        "   10  0.0000  100.00 %  2.5000    0.00 %  3.0e-10    12,346\n"
        "\n"
        "digits.npz: the network as it was after epoch 9\n"
        "held out: 99.02 % recognised\n"
        "t10k: 9,912 of 10,000 recognised, 99.12 % (95 % interval: 98.91 to 99.28 %)\n"
    )


def test_what_is_not_there_is_a_dash() -> None:
    nothing = dict.fromkeys(("validation_loss", "validation_accuracy", "images_per_second"))
    lines = piped(EPOCH | nothing, END | nothing).splitlines()
    assert lines == [
        "    1  0.2188   93.30 %       -         -  2.0e-03         -",
        "",
        "digits.npz: the network as it was after epoch 9",
    ]


@given(loss=st.floats(0, 999999), held_out=st.booleans())
def test_columns_stay_where_they_are(loss: float, held_out: bool) -> None:
    (line,) = piped({**EPOCH, "loss": loss, "validation_loss": loss if held_out else None}).splitlines()
    assert len(line) == 60
    number = line[7:13]
    assert line[25:31] == (number if held_out else "     -")
    decimals = len(number.partition(".")[2])
    assert number == f"{loss:.{decimals}f}".rjust(6)
    assert decimals == 4 or len(f"{loss:.{decimals + 1}f}") > 6


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
@pytest.mark.parametrize("colour", ["never", "always"])
def test_a_terminal_of_any_width_is_given_the_same_lines(
    columns: int, colour: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    near, far = os.openpty()
    with os.fdopen(far, "w", encoding="utf-8") as terminal:
        for record in (BEGIN, EPOCH, END):
            print_record(console_for(terminal, colour), record)
        print(end="\0", file=terminal, flush=True)
        told = b""
        while not told.endswith(b"\0"):
            told += os.read(near, 65536)
    os.close(near)
    written = told[:-1].decode().replace("\r\n", "\n")
    for style in ("\x1b[1m", "\x1b[0m"):
        assert (style in written) is (colour == "always")
        written = written.replace(style, "")
    assert written == piped(BEGIN, EPOCH, END)


def test_lines_of_a_large_training_fit_60_columns() -> None:
    large = {"images": 1_000_000, "held_out": 100_000, "classes": ["a"] * 1000, "parameters": 10**8}
    assert max(map(len, piped({**BEGIN, **large}, EPOCH, END).splitlines())) == 60


def test_names_are_text_on_any_stream() -> None:
    begin = piped({**BEGIN, "data": "[b]é\n\x1b", "architecture": "[/]"}, encoding="ascii").splitlines()
    assert begin[:2] == [
        "[b]\\xe9\\n\\x1b - [/]",
        "54,000 images of 1x28x28 to learn from, 6,000 held out",
    ]
    end = piped({**END, "output": "[b].npz", "test": {**TEST, "data": "é"}}, encoding="ascii")
    assert end.splitlines()[1].startswith("[b].npz: the network")
    assert end.splitlines()[3].startswith("\\xe9: 9,912 of")
