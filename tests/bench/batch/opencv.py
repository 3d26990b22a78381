"""What someone with OpenCV would write: Conv → ReLU → 2×2 max pool of many images, as 16-bit PNGs."""

import json
import sys
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np

source, target = Path(sys.argv[1]), Path(sys.argv[2])
filters = {name: np.float32(weights) for name, weights in json.loads(sys.argv[3]).items()}
cv2.setNumThreads(1)


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
        rows = np.maximum(feature_map[:height:2], feature_map[1:height:2])
        save(feature_map, f"{folder}/{path.stem}.{name}.map.png")
        save(np.maximum(rows[:, :width:2], rows[:, 1:width:2]), f"{folder}/{path.stem}.{name}.pool.png")


if __name__ == "__main__":
    with Pool(int(sys.argv[4])) as pool:
        for _ in pool.imap_unordered(work, sorted(source.rglob("*.*")), chunksize=8):
            pass
