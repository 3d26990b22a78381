"""A worker process that is left alone."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from convtool.jobs.engines.worker import work

if TYPE_CHECKING:
    from tests.jobs.conftest import MakeRecipe


def test_a_worker_that_nobody_listens_to_ends_without_a_fault(recipe: MakeRecipe) -> None:
    here, there = multiprocessing.Pipe()
    here.close()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(there, recipe(), None))
    process.start()
    process.join()
    there.close()
    assert process.exitcode == 0
