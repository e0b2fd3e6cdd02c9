"""Golden values for tests/preprocessing, from numpy and scipy. Run: /usr/bin/python3 tests/preprocessing/golden.py"""
import json
import os

import numpy as np
from scipy.ndimage import gaussian_filter1d

rng = np.random.default_rng(7)
values = np.concatenate([rng.normal(0, 300, 150), rng.exponential(1e-3, 40), [-1e9, 1e9, 0, 0, 0]]).astype(np.float32)
wanted = [0, 0.5, 25, 50, 99.5, 100]
percentiles = {
    "values": [float(v) for v in values],
    "wanted": wanted,
    "all": np.percentile(values.astype(np.float64), wanted).tolist(),
    "aboveZero": np.percentile(values[values > 0].astype(np.float64), wanted).tolist(),
}

# z, y, x in numpy is x fastest in memory.
image = rng.normal(size=(6, 5, 9)).astype(np.float32)
smooth = image.astype(np.float64)
for axis, (source, target) in enumerate(zip(image.shape, (3, 5, 4))):
    sigma = (source / target - 1) / 2
    if sigma > 0:
        smooth = gaussian_filter1d(smooth, sigma, axis=axis, mode="nearest", truncate=4.0)
smoothing = {
    "from": [9, 5, 6],
    "to": [4, 5, 3],
    "values": [float(v) for v in image.ravel()],
    "smooth": smooth.ravel().tolist(),
}

# An image with a zero background: clip, mean and sd over what lies above the minimum.
body = rng.gamma(3, 40, 300) + 1
body = body.astype(np.float32)
scan = np.concatenate([np.zeros(212, np.float32), body])
low, high = np.percentile(body.astype(np.float64), [0.5, 99.5])
clipped = np.clip(body.astype(np.float64), low, high)
z_score = {
    "values": [float(v) for v in scan],
    "normalised": ((np.clip(scan.astype(np.float64), low, high) - clipped.mean()) / clipped.std()).tolist(),
}

path = os.path.join(os.path.dirname(__file__), "golden.json")
with open(path, "w") as f:
    json.dump({"percentiles": percentiles, "smoothing": smoothing, "zScore": z_score}, f)
