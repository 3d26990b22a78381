"""What someone with OpenCV would write: Sobel → ReLU of a PNG, as an 8-bit PNG."""

import sys

import cv2
import numpy as np

image = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
assert image is not None
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
response = cv2.filter2D(image, cv2.CV_32F, sobel)
codes = cv2.convertScaleAbs(np.maximum(response, 0), alpha=1 / 4)
cv2.imwrite(sys.argv[2], codes)
