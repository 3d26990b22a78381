"""What someone with OpenCV would write: Conv → ReLU → 2×2 max pool of many images, as 16-bit PNGs."""

import json
import sys
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np

source, target, workers, pooling = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
filters = {name: np.float32(weights) for name, weights in json.loads(sys.argv[5]).items()}
cv2.setNumThreads(1)


def pooled_plainly(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    return values.reshape(height // 2, 2, width // 2, 2).max(axis=(1, 3))


def pooled_in_passes(values: np.ndarray) -> np.ndarray:
    rows = np.maximum(values[::2], values[1::2])
    return np.maximum(rows[:, ::2], rows[:, 1::2])


pooled = {"plain": pooled_plainly, "passes": pooled_in_passes}[pooling]


def save(values: np.ndarray, path: str) -> None:
    codes = cv2.normalize(values, None, 0, 65535, cv2.NORM_MINMAX, cv2.CV_16U)
    assert cv2.imwrite(path, codes)


def work(path: Path) -> None:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    folder = target / path.relative_to(source).parent
    folder.mkdir(parents=True, exist_ok=True)
    for name, weights in filters.items():
        y, x = weights.shape[0] // 2, weights.shape[1] // 2
        response = cv2.filter2D(image, cv2.CV_32F, weights)[y:-y, x:-x]
        feature_map = np.maximum(response, 0)
        height, width = (side // 2 * 2 for side in feature_map.shape)
        save(feature_map, f"{folder}/{path.stem}.{name}.map.png")
        save(pooled(feature_map[:height, :width]), f"{folder}/{path.stem}.{name}.pool.png")


if __name__ == "__main__":
    with Pool(workers) as pool:
        for _ in pool.imap_unordered(work, sorted(source.rglob("*.*")), chunksize=8):
            pass
