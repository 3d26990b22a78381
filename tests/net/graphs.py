"""Random small networks, and what their layers give one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool import FilterBank
from convtool.net import ops
from convtool.net.network import Input, Layer, Network

STRAIGHT = ("conv", "conv", "norm", "norm", "relu", "max", "avg", "dropout", "leaky_relu", "prelu")
"""What a convolution may take along, as it mostly follows one."""

BRANCHING = ("add", "concat", "constant", "identity")


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, NDArray[np.float32]]:
    """A graph that mostly goes straight on, with branches that are joined, and images for it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    source = Input("image", channels=draw(st.integers(1, 3)))
    images = rng.standard_normal((draw(st.integers(1, 2)), source.channels, 9, 8)).astype(np.float32)
    shapes = {source.name: images.shape}
    layers: list[Layer] = []

    def append(operation: ops.Operation, *inputs: str) -> None:
        layers.append(Layer(f"{operation.kind}{len(layers)}", operation, inputs))
        shapes[layers[-1].name] = operation.shape(*(shapes[name] for name in inputs))

    for _ in range(draw(st.integers(2, 10))):
        names = [name for name, shape in shapes.items() if len(shape) == 4]
        before = draw(st.sampled_from([names[-1]] * 3 + names))
        _, channels, rows, columns = shapes[before]
        kind = draw(st.sampled_from(STRAIGHT * 2 + BRANCHING))
        if kind in ("max", "avg") and min(rows, columns) >= 2:
            made = ops.MaxPool if kind == "max" else ops.AvgPool
            options = draw(
                st.sampled_from(
                    [{}, {}, {"stride": 1}, {"padding": 1}, {"ceil_mode": True}, {"stride": (2, 2)}]
                )
            )
            append(made(2, **options), before)
        elif kind == "norm":
            scale, shift, mean = rng.uniform(-1, 1, (3, channels))
            append(ops.BatchNorm(scale, shift, mean, rng.uniform(0.5, 2, channels)), before)
        elif kind == "add":
            alike = [name for name, shape in shapes.items() if shape == shapes[before]]
            append(ops.Add(), *draw(st.permutations([before, draw(st.sampled_from(alike))])))
        elif kind == "concat":
            alike = [n for n, s in shapes.items() if s[2:] == shapes[before][2:] and s[1] <= 4]
            more = draw(st.lists(st.sampled_from(alike), max_size=2)) if alike else []
            append(ops.Concat(), *draw(st.permutations([before, *more])))
        elif kind == "constant":
            append(ops.Constant(rng.standard_normal((channels, 1, 1))))
            append(ops.Multiply(), before, layers[-1].name)
        elif kind in ("relu", "leaky_relu", "dropout", "identity", "prelu"):
            simple = {
                "relu": ops.Relu(),
                "dropout": ops.Dropout(),
                "identity": ops.Identity(),
                "leaky_relu": ops.LeakyRelu(-0.5),
            }
            append(simple.get(kind) or ops.PRelu(rng.uniform(-1, 1, channels)), before)
        else:
            weights = rng.uniform(-1, 1, (draw(st.integers(1, 4)), channels, 3, 3)) / (3 * channels)
            bias = rng.uniform(-1, 1, len(weights)) if draw(st.booleans()) else None
            normalize = draw(st.sampled_from([None, None, "local"]))
            bank = FilterBank(weights, bias, normalize=normalize)
            append(ops.Conv(bank, padding=draw(st.sampled_from([1, "same", "same_lower"]))), before)
    if draw(st.booleans()):
        maps = [name for name, shape in shapes.items() if len(shape) == 4][-1]
        append(ops.GlobalAvgPool(), maps)
        append(ops.Flatten(), layers[-1].name)
        append(ops.Dense(rng.uniform(-1, 1, (3, shapes[maps][1]))), layers[-1].name)
    outputs = {layers[-1].name, draw(st.sampled_from(layers)).name}
    return Network("random", source, tuple(layers), tuple(sorted(outputs))), images


@st.composite
def wanted_of(draw: st.DrawFn, network: Network) -> tuple[str, ...]:
    """Some of the values, the input among them; none stands for the outputs."""
    names = [network.input.name, *(layer.name for layer in network.layers)]
    return tuple(draw(st.lists(st.sampled_from(names), unique=True, max_size=4)))


def one_by_one(network: Network, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Every value, no two layers joined, none left out, none given up."""
    values = {network.input.name: images}
    for layer in network.layers:
        values[layer.name] = layer.operation.run(*(values[name] for name in layer.inputs))
    return values
