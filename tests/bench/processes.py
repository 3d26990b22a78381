"""Whole processes: an 8-bit PNG in, Sobel and ReLU, an 8-bit PNG out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from convtool import load_map
from tests.bench.case import Case, Peer, Setting
from tests.bench.images import CAMERA, photograph
from tests.bench.peers import library, program
from tests.bench.timing import Run
from tests.readme import ROOT

LEVELS_A_CODE = 4
"""The peers write response / 4, so that the largest response to a Sobel filter, 4 · 255, fits 8 bits."""

OPENCV_SCRIPT = Path(__file__).with_name("opencv_sobel.py")
VIPS_MASK = f"3 3 {LEVELS_A_CODE} 0\n-1 0 1\n-2 0 2\n-1 0 1\n"
MAGICK_KERNEL = "3x3: -1,0,1 -2,0,2 -1,0,1"


def run_process(command: Sequence[str | Path], checkout: Path = ROOT) -> None:
    """Run a command to its end in a checkout, where ``python -m convtool`` is found."""
    subprocess.run(command, check=True, cwd=checkout, stdout=subprocess.DEVNULL)


def sobel_command(image: Path, out: Path) -> list[str | Path]:
    """Sobel and ReLU of a picture, as an 8-bit picture."""
    convtool = [sys.executable, "-m", "convtool", "conv"]
    return [*convtool, image, "--filter", "sobel-x", "-o", out, "--depth", "8", "--quiet"]


def cases(setting: Setting) -> Iterator[Case]:
    """A picture as large as a camera's, and a small one, where the start of the process counts."""
    scratch, side = setting.scratch, setting.side(4096)
    large = scratch / "large.png"

    def ours() -> Run:
        Image.fromarray(photograph(side).astype(np.uint8)).save(large)
        return _convtool(large, scratch)

    def vips() -> Run:
        mask, out = scratch / "sobel.mat", scratch / "vips.png"
        mask.write_text(VIPS_MASK)
        return _writes(out, [program("vips", "vips"), "conv", large, out, mask, "--precision", "integer"])

    def image_magick() -> Run:
        out = scratch / "magick.png"
        convert = program("ImageMagick", "magick", "convert")
        scale = f"convolve:scale={1 / LEVELS_A_CODE}"
        return _writes(
            out, [convert, large, "-define", scale, "-morphology", "Correlate", MAGICK_KERNEL, out]
        )

    yield Case(
        "whole process",
        f"Sobel, {side}² PNG",
        ours,
        (
            Peer("OpenCV script", 1.1, lambda: _opencv(large, scratch)),
            Peer("vips conv", 3, vips),
            Peer("ImageMagick", 10, image_magick),
        ),
        same_maps,
    )
    yield Case(
        "whole process",
        "Sobel, 512² PNG",
        lambda: _convtool(CAMERA, scratch),
        (Peer("OpenCV script", 0.75, lambda: _opencv(CAMERA, scratch)),),
        same_maps,
    )


def same_maps(ours: Path, theirs: Path) -> None:
    """Check a peer's picture against a map file, borders excluded.

    The map is within half its own step; a peer's code is rounded, or truncated as by ImageMagick.
    """
    expected = load_map(ours)
    codes = np.asarray(Image.open(theirs), np.float32)[1:-1, 1:-1]
    assert codes.shape == expected.shape
    off = np.abs(codes * LEVELS_A_CODE - expected).max()
    half_step = np.ptp(expected) / 255 / 2
    assert off < LEVELS_A_CODE + half_step, f"a value is off by {off}"


def _convtool(image: Path, scratch: Path) -> Run:
    out = scratch / "convtool.png"
    return _writes(out, sobel_command(image, out))


def _opencv(image: Path, scratch: Path) -> Run:
    library("cv2")
    out = scratch / "opencv.png"
    return _writes(out, [sys.executable, OPENCV_SCRIPT, image, out])


def _writes(out: Path, command: Sequence[str | Path]) -> Run:
    def run() -> Path:
        run_process(command)
        return out

    return run
