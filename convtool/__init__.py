"""convtool: what a convolution does to an image, as maps, pictures and tables."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convtool.core.activation import relu
    from convtool.core.bank import FilterBank
    from convtool.core.convolution import conv2d, feature_maps, plan
    from convtool.core.pooling import avg_pool2d, global_avg_pool2d, global_max_pool2d, max_pool2d, min_pool2d
    from convtool.io.filters import load_filter
    from convtool.io.images import load_image
    from convtool.io.maps import load_map, save_map
    from convtool.learn.learning import learn_filter
    from convtool.learn.peaks import find_peaks
    from convtool.learn.recover import recover_filter
    from convtool.learn.windows import Patch
    from convtool.net.files import load_network
    from convtool.net.running import run_network

__version__ = "0.1.0"

_HOMES = {
    "FilterBank": "convtool.core.bank",
    "Patch": "convtool.learn.windows",
    "avg_pool2d": "convtool.core.pooling",
    "conv2d": "convtool.core.convolution",
    "feature_maps": "convtool.core.convolution",
    "find_peaks": "convtool.learn.peaks",
    "global_avg_pool2d": "convtool.core.pooling",
    "global_max_pool2d": "convtool.core.pooling",
    "learn_filter": "convtool.learn.learning",
    "load_filter": "convtool.io.filters",
    "load_image": "convtool.io.images",
    "load_map": "convtool.io.maps",
    "load_network": "convtool.net.files",
    "max_pool2d": "convtool.core.pooling",
    "min_pool2d": "convtool.core.pooling",
    "plan": "convtool.core.convolution",
    "recover_filter": "convtool.learn.recover",
    "relu": "convtool.core.activation",
    "run_network": "convtool.net.running",
    "save_map": "convtool.io.maps",
}

__all__ = [
    "FilterBank",
    "Patch",
    "avg_pool2d",
    "conv2d",
    "feature_maps",
    "find_peaks",
    "global_avg_pool2d",
    "global_max_pool2d",
    "learn_filter",
    "load_filter",
    "load_image",
    "load_map",
    "load_network",
    "max_pool2d",
    "min_pool2d",
    "plan",
    "recover_filter",
    "relu",
    "run_network",
    "save_map",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that a command loads only what it needs."""
    if name not in _HOMES:
        raise AttributeError(f"module 'convtool' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
