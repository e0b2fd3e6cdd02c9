"""Golden values of tests/calibration from numpy, scipy and scikit-learn. Run: python3 golden.py (scikit-learn 1.3).

Masks are stored as base64 of bits, x fastest; probabilities and logits as base64 of float32.
"""
import base64
import json
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_dilation
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss, log_loss

rng = np.random.default_rng(3)


def bits(mask):
    return base64.b64encode(np.packbits(np.ravel(mask).astype(np.uint8), bitorder="little")).decode()


def floats(values):
    return base64.b64encode(np.ravel(values).astype("<f4").tobytes()).decode()


def reliability():
    cases = []
    for n, bins, sharpness in ((500, 15, 1.0), (300, 10, 3.0), (40, 15, 8.0)):
        logits = rng.standard_normal(n) * sharpness
        p = (1 / (1 + np.exp(-logits))).astype(np.float32)
        y = rng.random(n) < 1 / (1 + np.exp(-logits / 2))
        p64 = p.astype(np.float64)
        index = np.minimum((p64 * bins).astype(int), bins - 1)
        count = np.bincount(index, minlength=bins)
        filled = count > 0
        gap = np.abs(np.bincount(index, y, bins)[filled] - np.bincount(index, p64, bins)[filled]) / count[filled]
        cases.append({
            "n": n, "bins": bins, "probability": floats(p), "reference": bits(y), "count": count.tolist(),
            "ece": float((gap * count[filled]).sum() / n), "ace": float(gap.mean()), "mce": float(gap.max()),
            "nll": float(log_loss(y, np.clip(p64, 1e-7, 1 - 1e-7))), "brier": float(brier_score_loss(y, p64)),
            "entropy": float(np.mean(-p64 * np.log(p64) - (1 - p64) * np.log(1 - p64))),
        })
    return cases


def dilations():
    cases = []
    for size, radius, share in (((12, 10, 8), 3, 0.005), ((9, 14, 6), 1, 0.02), ((15, 5, 5), 2, 0.01)):
        mask = rng.random(size[::-1]) < share
        dilated = binary_dilation(mask, iterations=radius)
        cases.append({"size": size, "radius": radius, "mask": bits(mask), "dilated": bits(dilated)})
    return cases


def temperatures():
    cases = []
    for sharpness in (0.4, 1.0, 2.5, 6.0):
        samples = []
        for n in (200, 350, 80):
            z = rng.standard_normal(n) * 2
            samples.append(((z * sharpness).astype(np.float32), rng.random(n) < 1 / (1 + np.exp(-z))))

        def nll(log_t):
            t = np.exp(log_t)
            return np.mean([np.mean(np.logaddexp(0, np.where(y, -1, 1) * z.astype(np.float64) / t)) for z, y in samples])

        best = minimize_scalar(nll, bounds=(np.log(0.05), np.log(20)), method="bounded", options={"xatol": 1e-10})
        cases.append({
            "samples": [{"logits": floats(z), "reference": bits(y)} for z, y in samples],
            "temperature": float(np.exp(best.x)), "nllBefore": float(nll(0)), "nllAfter": float(best.fun),
        })
    return cases


golden = {"reliability": reliability(), "dilations": dilations(), "temperatures": temperatures()}
(Path(__file__).parent / "golden.json").write_text(json.dumps(golden) + "\n")
