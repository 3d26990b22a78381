"""What a worker does when there is nobody to work for."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from convtool.jobs.engines.worker import work

if TYPE_CHECKING:
    import pytest

    from tests.jobs.conftest import MakeRecipe


def test_a_worker_whose_parent_is_gone_leaves_without_a_word(
    recipe: MakeRecipe, capfd: pytest.CaptureFixture[str]
) -> None:
    here, there = multiprocessing.Pipe()
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(there, recipe(), None))
    worker.start()
    there.close()
    here.close()
    worker.join()
    assert worker.exitcode == 0
    assert capfd.readouterr().err == ""
