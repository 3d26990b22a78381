"""Convolution layers of well-known networks: many channels, small maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from convtool import conv2d
from tests.bench.case import Case, Peer, Setting, same_responses
from tests.bench.images import channels, dense
from tests.bench.onnx_graph import onnx_graph
from tests.bench.timing import Run


@dataclass(frozen=True)
class Layer:
    """A layer of ResNet."""

    in_channels: int
    filters: int
    size: int
    stride: int
    padding: int
    side: int


LAYERS = (
    Layer(3, 64, size=7, stride=2, padding=3, side=224),
    Layer(64, 64, size=3, stride=1, padding=1, side=56),
    Layer(128, 128, size=3, stride=1, padding=1, side=28),
)


def cases(setting: Setting) -> Iterator[Case]:
    """One case for each layer."""
    for layer in LAYERS:
        yield _case(setting, layer)


def _case(setting: Setting, layer: Layer) -> Case:
    side, threads = setting.side(layer.side), setting.threads
    weights = dense(layer.filters, layer.in_channels, layer.size)
    stride, padding = layer.stride, layer.padding

    def ours() -> Run:
        maps = channels(layer.in_channels, side)
        return lambda: conv2d(maps, weights, stride=stride, padding=padding, threads=threads)

    def onnx_runtime() -> Run:
        maps = channels(layer.in_channels, side)
        return onnx_graph(maps, weights, threads, stride=stride, padding=padding)

    name = f"{layer.in_channels}→{layer.filters} {layer.size}×{layer.size}, stride {stride}, {side}²"
    peers = (Peer("ONNX Runtime", 0.5, onnx_runtime),)
    return Case("CNN layers", name, ours, peers, same_responses(weights))
