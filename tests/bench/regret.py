"""``python -m tests.bench.regret``: what the planner's choice costs over the quickest algorithm."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from statistics import median

import numpy as np

import convtool
from convtool import FilterBank, feature_maps
from convtool.core.algorithms import ALGORITHMS
from convtool.core.arrays import Float32
from tests.bench import options
from tests.bench.images import built_in, dense, photograph
from tests.bench.machine import describe, hold_to_cores
from tests.bench.report import digits
from tests.bench.timing import FULL, QUICK, Budget, Run, best_times, seconds

SIDES = (256, 1024, 2048)
COUNTS = (1, 4, 16, 64)
DENSE_SIZES = (3, 5, 7, 11, 15, 31)
MOST_CELLS = 2**26
"""Responses of the largest case, 256 MB of them."""
MOST_PRODUCTS = 2**34
"""Products of the largest case, if every tap is multiplied."""
HOPELESS = 20
"""An algorithm that takes this many times as long as the chosen one is called no more."""
BUDGET = replace(FULL, rounds=3, most=1.0)
REACH = 1.1
"""What the median regret should not exceed."""

HEADING = f"{'':<32}{'chosen':<14}{'ms':>8}  {'best':<14}{'ms':>8}{'regret':>8}"


@dataclass(frozen=True)
class Choice:
    """What the planner chose for a case, and the seconds of every algorithm worth timing."""

    name: str
    chosen: str
    times: Mapping[str, float]

    @property
    def best(self) -> str:
        """The quickest algorithm."""
        return min(self.times, key=self.times.__getitem__)

    @property
    def regret(self) -> float:
        """The chosen algorithm's time over the quickest one's."""
        return self.times[self.chosen] / self.times[self.best]


def main() -> None:
    """Measure the grid, print each case, and write what was asked for."""
    parser = options.parser("tests.bench.regret", "Time every algorithm, and the planner's choice.")
    chosen = parser.parse_args()
    hold_to_cores(chosen.threads)
    budget = QUICK if chosen.quick else BUDGET
    choices = []
    print(HEADING)
    for name, side, weights in _grid(options.longest_side(chosen.quick)):
        if options.wanted(name, chosen.only):
            choices.append(measure(name, photograph(side), FilterBank(weights()), chosen.threads, budget))
            print(text(choices[-1]), flush=True)
    if not choices:
        parser.error("no case has the text given with --only")
    print(summary(choices))
    if chosen.json:
        records = {"machine": describe(chosen.threads), "cases": [asdict(choice) for choice in choices]}
        chosen.json.write_text(json.dumps(records, indent=1) + "\n")


def measure(name: str, image: Float32, bank: FilterBank, threads: int, budget: Budget) -> Choice:
    """Time the algorithms that can do a case; the hopeless ones only once."""
    height, width = image.shape

    def planned(algorithm: str) -> str:
        plan = convtool.plan((height, width), bank, padding="same", algorithm=algorithm, threads=threads)
        return plan.algorithm

    chosen = planned("auto")
    fit = [algorithm for algorithm in ALGORITHMS if planned(algorithm) == algorithm]
    runs = {algorithm: _run(image, bank, algorithm, threads) for algorithm in fit}
    once = {algorithm: seconds(run) for algorithm, run in runs.items()}
    limit = max(HOPELESS * once[chosen], budget.turn)
    times = best_times({algorithm: runs[algorithm] for algorithm in once if once[algorithm] <= limit}, budget)
    return Choice(name, chosen, times)


def text(choice: Choice) -> str:
    """One line of the table."""
    chosen, best = choice.chosen, choice.best
    return (
        f"{choice.name:<32}{chosen:<14}{digits(choice.times[chosen] * 1000):>8}  "
        f"{best:<14}{digits(choice.times[best] * 1000):>8}{choice.regret:>8.2f}"
    )


def summary(choices: list[Choice]) -> str:
    """Median and worst regret."""
    middle = median(choice.regret for choice in choices)
    worst = max(choices, key=lambda choice: choice.regret)
    mark = "  above reach" if middle > REACH else ""
    return f"median regret {middle:.2f} (reach {REACH}){mark}; worst {worst.regret:.2f}: {worst.name}"


def _grid(longest: int) -> Iterator[tuple[str, int, Callable[[], Float32]]]:
    """Name, side of the picture and weights of every case that is not too large."""
    for side in sorted({min(side, longest) for side in SIDES}):
        for count in COUNTS:
            for kernel, size, weights in _kernels(count):
                cells = side**2 * count
                if cells <= MOST_CELLS and cells * size**2 <= MOST_PRODUCTS:
                    yield f"{side}², {count} × {kernel}", side, weights


def _kernels(count: int) -> Iterator[tuple[str, int, Callable[[], Float32]]]:
    """Name, size and weights of banks of ``count`` filters."""
    for size in DENSE_SIZES:
        yield f"dense {size}×{size}", size, partial(dense, count, 1, size)
    for kernel, name, size in (("Sobel 3×3", "sobel-x", 3), ("Gaussian 7×7", "gaussian-7", 7)):
        yield kernel, size, partial(_multiples, name, count)


def _multiples(name: str, count: int) -> Float32:
    """A bank of one built-in filter times 1, 2, … ``count``."""
    factors = np.arange(1, count + 1, dtype=np.float32)
    return built_in(name) * factors[:, np.newaxis, np.newaxis, np.newaxis]


def _run(image: Float32, bank: FilterBank, algorithm: str, threads: int) -> Run:
    return lambda: feature_maps(image, bank, padding="same", algorithm=algorithm, threads=threads)


if __name__ == "__main__":
    main()
