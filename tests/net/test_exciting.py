"""What excites a map most: against every value of every image, and patches against what the units see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from convtool import FilterBank
from convtool.errors import ArgumentError, InputError, LimitError
from convtool.io.limits import Limits
from convtool.net import batches, ops
from convtool.net.data.dataset import Dataset
from convtool.net.exciting import Excitement, most_exciting
from convtool.net.network import Input, Layer, Network
from convtool.net.running import run_network
from tests.net.data.sets import dataset_of
from tests.tolerances import assert_equal


def chain(*operations: ops.Operation, **source: Any) -> Network:
    """Layers one behind the other, called 1, 2, and so on."""
    layers = [
        Layer(str(n), each, (str(n - 1) if n > 1 else "input",)) for n, each in enumerate(operations, 1)
    ]
    return Network("chain", Input(**source), tuple(layers), (layers[-1].name,))


def conv(weights: ArrayLike, bias: ArrayLike | None = None, **options: Any) -> ops.Conv:
    return ops.Conv(FilterBank(weights, bias), **options)


def pictures(*images: ArrayLike) -> Dataset:
    stored = np.array(images, np.uint8)
    return dataset_of(stored.reshape(len(images), -1, *stored.shape[-2:]), [0] * len(images))


def random_pictures(seed: int, count: int, *shape: int) -> Dataset:
    images = np.random.default_rng(seed).integers(0, 10, (count, *shape), np.uint8)
    return dataset_of(images, [0] * count)


def maps_of(network: Network, image: NDArray[Any], layer: str) -> NDArray[np.float32]:
    return run_network(network, network.input.scaled(image.astype(np.float32)), [layer])[layer]


def on_canvas(network: Network, image: NDArray[Any], around: int) -> NDArray[np.float32]:
    """An image in a frame of what the network takes for 0."""
    channels, height, width = image.shape
    canvas = np.empty((channels, height + 2 * around, width + 2 * around), np.float32)
    canvas[...] = np.reshape(network.input.mean, (-1, 1, 1)) / network.input.scale
    canvas[:, around : around + height, around : around + width] = image
    return canvas


@st.composite
def sliding(draw: st.DrawFn) -> tuple[Network, Dataset]:
    """A convolution of whole numbers over scaled images; every response of it is exact."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    channels, kernel = draw(st.sampled_from([1, 3])), draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    weights = rng.integers(-4, 5, (draw(st.integers(1, 3)), channels, *kernel))
    layer = conv(
        weights,
        rng.integers(-9, 9, len(weights)),
        stride=draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        padding=draw(st.sampled_from(["valid", "same", (1, 2), ((0, 1), (2, 0))])),
        dilation=draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
    )
    source = {"scale": 0.5, "mean": [2.0] * channels, "std": [0.25] * channels}
    data = random_pictures(draw(st.integers(0, 99)), draw(st.integers(1, 6)), channels, 7, 6)
    return chain(layer, ops.Relu(), channels=channels, **draw(st.sampled_from([{}, source]))), data


@given(case=sliding(), count=st.integers(1, 7), layer=st.sampled_from("12"))
def test_the_strongest_of_each_image_come_in_their_order(
    case: tuple[Network, Dataset], count: int, layer: str
) -> None:
    network, data = case
    found = most_exciting(network, data, layer, count)
    maps = np.array([maps_of(network, image, layer) for image in data.images])
    assert len(found) == maps.shape[1]
    for number, excitements in enumerate(found):
        largest = [float(each[number].max()) for each in maps]
        order = sorted(range(len(data)), key=lambda index: -largest[index])
        order = [index for index in order[:count] if largest[index] > 0]
        assert [each.image for each in excitements] == order
        assert [each.strength for each in excitements] == [largest[index] for index in order]
        for each in excitements:
            first = np.argwhere(maps[each.image, number] == each.strength)[0]
            assert each.at == tuple(first)


@given(case=sliding())
def test_a_patch_is_what_the_filter_lies_on(case: tuple[Network, Dataset]) -> None:
    """The filter's response to it is the strength; where it is, the image is, in a frame."""
    network, data = case
    bank, dilation = network.layers[0].operation.bank, network.layers[0].operation.dilation
    for number, excitements in enumerate(most_exciting(network, data, "1", len(data))):
        for each in excitements:
            seen = network.input.scaled(each.patch)[:, :: dilation[0], :: dilation[1]]
            assert (seen * bank.weights[number]).sum() + bank.bias[number] == each.strength
            canvas = on_canvas(network, data.images[each.image], 9)
            (top, left), (_, height, width) = each.corner, each.patch.shape
            assert_equal(each.patch, canvas[:, top + 9 : top + 9 + height, left + 9 : left + 9 + width])


DEEP = chain(
    conv([[[1, -2], [0, 1]], [[-1, 2], [1, 0]]], padding="same"),
    ops.Relu(),
    ops.MaxPool((2, 1)),
    conv(np.array([[[[1, 0, -1]] * 2, [[0, 1, 1]] * 2]]), padding=1, stride=(1, 2)),
    ops.AvgPool(2, 1),
)


@given(seed=st.integers(0, 999), layer=st.sampled_from("12345"))
def test_what_is_outside_the_patch_does_not_count(seed: int, layer: str) -> None:
    data = random_pictures(seed, 3, 1, 9, 8)
    for number, excitements in enumerate(most_exciting(DEEP, data, layer, 3)):
        for each in excitements:
            (top, left), (_, height, width) = each.corner, each.patch.shape
            inside = np.zeros((1, 9, 8), np.bool_)
            inside[:, max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
            others = random_pictures(seed + 1, 1, 1, 9, 8).images[0]
            changed = np.where(inside, data.images[each.image], others)
            assert maps_of(DEEP, changed, layer)[number][each.at] == each.strength


def test_one_picture_worked_out_by_hand() -> None:
    edge = chain(conv([[[-1, 1]]], padding="same", bias=[1]))
    data = pictures([[1, 1, 4], [0, 0, 0]], [[9, 0, 0], [0, 0, 5]], [[7, 7, 7], [7, 7, 7]])
    ((first, second, third),) = most_exciting(edge, data, "1", 9)
    assert (first.strength, first.image, first.at, first.corner) == (6, 1, (1, 1), (1, 1))
    assert_equal(first.patch, np.float32([[[0, 5]]]))
    assert (second.strength, second.image, second.at, second.corner) == (4, 0, (0, 1), (0, 1))
    assert (third.strength, third.image, third.at, third.corner) == (1, 2, (0, 0), (0, 0))
    ((first,),) = most_exciting(edge, data, "1", 1)
    assert first.image == 1


def test_a_unit_behind_the_whole_image_sees_it_all() -> None:
    network = chain(conv([[[1]], [[-1]]]), ops.GlobalMaxPool())
    data = pictures([[1, 2], [3, 4]], [[5, 0], [0, 0]])
    for each in most_exciting(network, data, "2", 2)[0]:
        assert (each.at, each.corner) == ((0, 0), (0, 0))
        assert_equal(each.patch, data.images[each.image].astype(np.float32))


def test_what_fires_nowhere_is_excited_by_nothing() -> None:
    network = chain(conv([[[1]], [[-1]], [[1]]], bias=[0, 0, -5]), ops.Relu())
    data = pictures([[1, 2]], [[4, 5]])
    for layer in "12":
        found = most_exciting(network, data, layer, 5)
        assert [[each.strength for each in excitements] for excitements in found] == [[5, 2], [], []]


def test_a_unit_may_see_nothing_but_the_border() -> None:
    network = chain(conv([[[-1]]], bias=[3], padding=2))
    ((each,),) = most_exciting(network, pictures([[1, 2], [3, 4]]), "1", 1)
    assert (each.strength, each.corner) == (3, (-2, -2))
    assert_equal(each.patch, np.zeros((1, 1, 1), np.float32))
    scaled = chain(conv([[[-1]]], bias=[3], padding=2), mean=(0.5,), scale=0.25)
    ((each,),) = most_exciting(scaled, pictures([[3, 2], [3, 4]]), "1", 1)
    assert each.strength == 3
    assert_equal(each.patch, np.full((1, 1, 1), 2, np.float32))


def test_a_network_that_makes_nothing_of_values_takes_its_mean_for_0() -> None:
    ((each,),) = most_exciting(
        chain(conv([[[1]]], padding=1, bias=[1]), scale=0, mean=(0.0,)), pictures([[7]]), "1", 1
    )
    assert (each.strength, each.corner) == (1, (-1, -1))
    assert_equal(each.patch, np.zeros((1, 1, 1), np.float32))


@pytest.mark.parametrize("most", [1, 2, 5, 9])
def test_batches_change_nothing(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_pictures(1, 7, 1, 9, 8)
    whole = most_exciting(DEEP, data, "5", 4)
    monkeypatch.setattr(batches, "MOST_AT_ONCE", most)
    told: list[tuple[int, int]] = []
    parts = most_exciting(DEEP, data, "5", 4, progress=lambda *counts: told.append(counts))

    def facts(found: list[list[Excitement]]) -> list[Any]:
        return [(each.strength, each.image, each.at, each.corner) for row in found for each in row]

    assert facts(parts) == facts(whole)
    assert told == [(min(done, 7), 7) for done in range(most, 7 + most, most)]


@pytest.mark.parametrize(
    ("layer", "error", "says"),
    [
        ("9", ArgumentError, "^there is no layer '9'; net has a, b, c, d, e$"),
        ("", ArgumentError, "^there is no layer ''; net has"),
        ("input", ArgumentError, "^there is no layer 'input'; net has"),
        ("b", ArgumentError, "^layer 'b' is 4, no maps; name a layer before flatten$"),
        ("c", ArgumentError, "^layer 'c' sees nothing of the images; name one that does$"),
        (
            "e",
            InputError,
            "^image 1: its values in layer 'e' hold NaN or infinity; the numbers on the way are",
        ),
    ],
)
def test_what_is_refused(layer: str, error: type[Exception], says: str) -> None:
    layers = (
        Layer("a", ops.Identity(), ("input",)),
        Layer("b", ops.Flatten(), ("a",)),
        Layer("c", ops.Constant(np.ones((1, 1, 2, 2))), ()),
        Layer("d", ops.Multiply(), ("a", "a")),
        Layer("e", ops.Multiply(), ("d", "d")),
    )
    network = Network("net", Input(), layers, ("b",))
    images = np.float32([1, 1e15]).reshape(2, 1, 1, 1) * np.ones((1, 1, 2, 2), np.float32)
    assert most_exciting(network, dataset_of(images, [0, 0]), "d", 1)[0][0].image == 1
    with pytest.raises(error, match=says):
        most_exciting(network, dataset_of(images, [0, 0]), layer, 1)


def test_more_memory_than_is_allowed_is_refused() -> None:
    with pytest.raises(
        LimitError, match=r"^chain on 9×8; it takes about .* of memory, over the limit of 500 "
    ):
        most_exciting(DEEP, random_pictures(1, 2, 1, 9, 8), "5", 1, limits=Limits(memory=500))
