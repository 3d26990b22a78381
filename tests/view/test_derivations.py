"""How one value came to be: literal in Markdown, whole in JSON."""

from __future__ import annotations

import json

import numpy as np

from convtool import FilterBank, conv2d
from convtool.core.derivation import Derivation, derive_response
from convtool.core.geometry import window
from convtool.view.derivations import Told, derivation_as_json, derivation_as_markdown

RNG = np.random.default_rng(5)


def told(image: np.ndarray, weights: np.ndarray, *, input: str = "a.png", filter: str = "f") -> Told:  # noqa: A002
    """The first cell of a response."""
    bank = FilterBank(weights)
    value = float(conv2d(image, weights).ravel()[0])
    windows = window(image.shape[1:], bank.kernel_size)
    step = derive_response(image.astype(np.float32), bank, 0, windows, (0, 0), value)
    return Told(input, filter, "cross-correlation", "zeros", Derivation("conv", (0, 0), value, None, step))


BIG = told(RNG.integers(0, 256, (1, 9, 9)), RNG.integers(-9, 10, (5, 5)))
REAL = told(RNG.random((1, 9, 9)), RNG.random((5, 5)) / 25)


def test_a_sum_of_shortened_numbers_is_about_and_no_equation() -> None:
    texts = [derivation_as_markdown(of, precision=4) for of in (BIG, REAL)]
    assert [" ≈ " in text for text in texts] == [False, True]
    assert [" = " in text.split("\n\n")[4] for text in texts] == [True, False]


def test_names_are_literal_in_markdown() -> None:
    of = told(np.ones((1, 2, 2)), np.ones((2, 2)), input="<b>|a_b*[x](y)\n.png", filter="`#1`")
    assert derivation_as_markdown(of, precision=4).splitlines()[0] == (
        r"### \<b\>\|a\_b\*\[x\](y)\\n.png · \`\#1\` · Conv at 0,0 = 4"
    )


def test_json_is_exact() -> None:
    record = json.loads(derivation_as_json(REAL))
    step = REAL.derivation.conv
    assert record["value"] == REAL.derivation.value
    assert record["conv"]["products"] == step.products.tolist()
    assert np.array_equal(np.array(record["conv"]["patch"], np.float32), step.patch)
    assert (record["relu"], record["pool"]) == (None, None)
