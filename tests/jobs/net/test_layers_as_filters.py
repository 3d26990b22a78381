"""``MODEL::LAYER`` as the name of filters: read, never written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from convtool.errors import ArgumentError
from convtool.jobs.outputs import check_not_an_input
from convtool.jobs.reading import check_stdin_once, model_of, noticed_filter


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("m.npz::conv", "m.npz"),
        ("a::b::c", "a::b"),
        ("-::conv", "-"),
        ("sobel-x", "sobel-x"),
        ("a:b", "a:b"),
    ],
)
def test_layers_are_read_from_a_model(name: str, model: str) -> None:
    assert model_of(name) == model


def test_they_are_never_written_over() -> None:
    with pytest.raises(ArgumentError, match=r"^n\.json: the output would replace the input n\.json::conv;"):
        check_not_an_input("n.json", ["n.json::conv"])
    Path("a::b").write_text("")
    with pytest.raises(ArgumentError, match="would replace the input a::b"):
        check_not_an_input("a::b", ["a::b"])
    check_not_an_input("other", ["n.json::conv", "nope::x"])


@pytest.mark.parametrize("inputs", [["-", "-"], ["-", "-::conv"], ["-::a", "-::b"]])
def test_they_share_standard_input_with_nothing(inputs: list[str]) -> None:
    with pytest.raises(ArgumentError, match="- is given twice"):
        check_stdin_once(inputs)
    check_stdin_once([inputs[0], "a", "a::b", "a::-"])


def test_they_are_named_by_network_and_layer() -> None:
    file = noticed_filter("n.json::conv", pytest.fail)
    assert (file.label, file.bank.weights.shape) == ("n-conv", (2, 1, 1, 2))
