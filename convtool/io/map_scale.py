"""How a map becomes the codes of a gray picture, and comes back: value = offset + code × step."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32, is_whole
from convtool.core.threads import for_each
from convtool.core.tiles import FEW_TILES, Tile, row_tiles
from convtool.errors import ArgumentError, InputError
from convtool.io.limits import MAX_PNG_ENTRY_BYTES
from convtool.io.rectangles import is_finite, parse_json

ENTRY = "convtool.map"
FORMAT = "convtool.map/1"
_KEYS = {"format", "offset", "step", "depth", "stage", "filter"}


@dataclass(frozen=True)
class MapScale:
    """The scale of one map file.

    Attributes
    ----------
    offset, step
        ``value = offset + code × step``.
    depth
        Bits a code: 16 or 8.
    stage
        ``conv``, ``relu`` or ``pool``; ``None`` if not known.
    filter
        The filter's label; ``None`` if not known.
    """

    offset: float
    step: float
    depth: int
    stage: str | None = None
    filter: str | None = None

    @classmethod
    def fit(
        cls,
        values: Float32,
        *,
        depth: int = 16,
        limits: tuple[float, float] | None = None,
        stage: str | None = None,
        filter: str | None = None,  # noqa: A002  the file's word
    ) -> MapScale:
        """Choose the scale that shows ``values`` best.

        Whole numbers that span no more levels than the largest code get ``step = 1/m``, m the
        largest whole number that fits, so that they are stored exactly; other values share the range
        evenly. With ``limits`` the scale depends on them alone, so that maps can be compared.
        """
        if depth not in (8, 16):
            raise ArgumentError(f"depth is {depth!r}; choose 8 or 16")
        top = (1 << depth) - 1
        if limits is None:
            low, high = float(values.min()), float(values.max())
            whole = is_whole(values)
        else:
            try:
                low, high = map(float, limits)
            except (TypeError, ValueError):
                low = high = math.nan
            largest = float(np.finfo(np.float32).max)
            if not -largest <= low < high <= largest or (high - low) / top == 0:
                raise ArgumentError(f"range is {limits!r}; give a low and a higher number, finite in float32")
            whole = low.is_integer() and high.is_integer()
        span = high - low
        if span == 0:
            step = 1.0
        elif whole and span <= top:
            step = 1 / (top // int(span))
        else:
            step = span / top
        return cls(low, step, depth, stage, filter)

    @classmethod
    def from_entries(cls, entries: tuple[tuple[str, str], ...]) -> MapScale | None:
        """Read the scale from a PNG's text entries; ``None`` if it is no map file.

        Raises
        ------
        InputError
            The entry stands twice, is over 1 MiB, or holds anything but one usable scale.
        """
        texts = [text for keyword, text in entries if keyword == ENTRY]
        if not texts:
            return None
        if len(texts) > 1:
            raise InputError(f"{len(texts)} {ENTRY} entries; a map file has one")
        text = texts[0].encode()
        if len(text) > MAX_PNG_ENTRY_BYTES:
            raise InputError(f"its {ENTRY} entry is over {MAX_PNG_ENTRY_BYTES} bytes")
        try:
            facts = parse_json(text)
        except InputError as error:
            raise InputError(f"its {ENTRY} entry is unusable: {error}") from None
        if not isinstance(facts, dict):
            raise InputError(f"its {ENTRY} entry is not a JSON object")
        if facts.get("format") != FORMAT:
            found = json.dumps(facts.get("format"))[:40]
            raise InputError(f"its {ENTRY} format is {found}, this version reads {json.dumps(FORMAT)}")
        return cls._checked(facts)

    @classmethod
    def _checked(cls, facts: dict[str, Any]) -> MapScale:
        offset, step, depth = (facts.get(key, math.nan) for key in ("offset", "step", "depth"))
        usable = (
            set(facts) <= _KEYS
            and is_finite(offset)
            and is_finite(step)
            and step > 0
            and type(depth) is int
            and depth in (8, 16)
            and all(isinstance(facts.get(key), str | None) for key in ("stage", "filter"))
        )
        if not usable:
            raise InputError(f"its {ENTRY} entry holds no usable scale: {json.dumps(facts)[:200]}")
        return cls(float(offset), float(step), depth, facts.get("stage"), facts.get("filter"))

    def entry(self) -> str:
        """The text that stands in the PNG."""
        return json.dumps({"format": FORMAT, **self.__dict__})

    def encode(
        self, values: Float32, limits: tuple[float, float] | None = None
    ) -> tuple[NDArray[np.unsignedinteger[Any]], int]:
        """The codes of ``values``, and how many lay outside the limits and were clipped to them."""
        codes = np.empty(values.shape, np.uint8 if self.depth == 8 else np.uint16)
        clipped = []

        def work(tile: Tile) -> None:
            exact = values[tile.start : tile.stop].astype(np.float64)
            if limits is not None:
                low, high = limits
                clipped.append(int(np.count_nonzero((exact < low) | (exact > high))))
                np.clip(exact, low, high, out=exact)
            exact -= self.offset
            exact /= self.step
            codes[tile.start : tile.stop] = np.rint(exact, out=exact)

        height, width = values.shape
        tiles = row_tiles(1, height, width)
        for_each(tiles, work, None if len(tiles) > FEW_TILES else 1)
        return codes, sum(clipped)

    def decode(self, codes: NDArray[Any]) -> Float32:
        """The values that ``codes`` stand for, computed in float64 and rounded once."""
        values = codes.astype(np.float64)
        inverse = self._whole_inverse
        # code / m is the nearest number to code × (1/m); code × fl(1/m) is not: 49 × (1/49) < 1.
        with np.errstate(over="ignore"):  # the reader refuses infinity, and says where
            values = values / inverse if inverse else values * self.step
            values += self.offset
            return values.astype(np.float32)

    @property
    def _whole_inverse(self) -> int | None:
        """M if the step is 1/m, as for maps of whole numbers."""
        inverse = round(1 / self.step) if 1 / self.step < 2**53 else 0
        return inverse if inverse >= 1 and 1 / inverse == self.step else None
