"""Networks that were trained, layer by layer against ONNX Runtime; their weights are fetched for the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import networks

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    networks.wheels(folder)
    return networks.written(folder)


def test_every_layer_is_that_of_onnx_runtime(models: dict[str, Path]) -> None:
    figures = list(networks.agreement(models, quick=False))
    assert len(figures) == 3
    assert [figure for figure in figures if not figure.holds] == []
