"""Golden values of tests/metrics from MONAI, scipy and scikit-learn.

Run: python3 golden.py (MONAI 1.3, scikit-learn 1.3, scipy 1.10). Masks are stored as base64 of bits, x fastest.
"""
import base64
import json
from pathlib import Path

import numpy as np
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

rng = np.random.default_rng(2)


def packed(mask):
    """An array of axes (z, y, x), so that C order is x fastest."""
    return base64.b64encode(np.packbits(mask.ravel().astype(np.uint8), bitorder="little")).decode()


def blob(size, sigma, share):
    noise = gaussian_filter(rng.standard_normal(size[::-1]), sigma)
    return noise > np.quantile(noise, 1 - share)


def surfaces():
    cases = []
    for name, size, spacing, sigma, shares in (
        ("smooth blobs", (20, 17, 11), (0.9, 1.1, 2.5), 2, (0.2, 0.25)),
        ("isotropic", (14, 14, 14), (1, 1, 1), 1.5, (0.1, 0.1)),
        ("thick slices, touching the border", (19, 16, 7), (0.625, 0.625, 6), 1, (0.5, 0.4)),
        ("scattered specks", (13, 12, 9), (2, 1.5, 0.7), 0.4, (0.01, 0.02)),
    ):
        a, b = (blob(size, sigma, share) for share in shares)
        ta, tb = (torch.from_numpy(m[None, None].astype(np.float32)) for m in (a, b))
        zyx = tuple(float(s) for s in spacing[::-1])
        tolerances = (0.5, 1.0, 2.0)
        cases.append({
            "name": name, "size": size, "spacing": spacing, "prediction": packed(a), "reference": packed(b),
            "hd95Mm": float(compute_hausdorff_distance(ta, tb, include_background=True, percentile=95, spacing=zyx)),
            "assdMm": float(compute_average_surface_distance(ta, tb, include_background=True, symmetric=True, spacing=zyx)),
            "nsd": [
                [t, float(compute_surface_dice(ta, tb, [t], include_background=True, spacing=zyx))] for t in tolerances
            ],
        })
    return cases


def transforms():
    cases = []
    for size, spacing, share in (((9, 8, 7), (1, 1, 1), 0.02), ((12, 5, 6), (0.7, 1.9, 3.3), 0.05), ((7, 11, 5), (4, 0.5, 1), 0.3)):
        mask = rng.random(size[::-1]) < share
        d = distance_transform_edt(~mask, sampling=spacing[::-1])
        cases.append({"size": size, "spacing": spacing, "features": packed(mask), "squared": [float(v) for v in (d**2).ravel()]})
    return cases


def rankings():
    cases = []
    for n, m, decimals in ((40, 60, 6), (25, 30, 1), (60, 20, 0), (1, 5, 3)):
        positive = np.round(rng.standard_normal(n) + 0.8, decimals)
        negative = np.round(rng.standard_normal(m), decimals)
        labels = np.r_[np.ones(n), np.zeros(m)]
        scores = np.r_[positive, negative]
        fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
        cases.append({
            "positive": positive.tolist(), "negative": negative.tolist(),
            "auroc": float(roc_auc_score(labels, scores)),
            "aupr": float(average_precision_score(labels, scores)),
            "fpr95": float(fpr[np.argmax(tpr >= 0.95 - 1e-12)]),
        })
    return cases


def correlations():
    cases = []
    for decimals in (6, 0):
        a = rng.standard_normal(30)
        b = np.round(a + rng.standard_normal(30), decimals)
        a = np.round(a, decimals)
        cases.append({"a": a.tolist(), "b": b.tolist(), "spearman": float(spearmanr(a, b)[0])})
    return cases


golden = {"surfaces": surfaces(), "transforms": transforms(), "rankings": rankings(), "correlations": correlations()}
(Path(__file__).parent / "golden.json").write_text(json.dumps(golden) + "\n")
