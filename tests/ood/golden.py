"""Golden values for signatures, detectors and p-values, written from the formulas alone in numpy (float64, SVD, inverse).

Run: /usr/bin/python3 tests/ood/golden.py
"""
import json
import pathlib

import numpy as np

random = np.random.default_rng(20200613)
FLOOR = 1e-6


def spectra_cases():
    cases = []
    for voxels, channels, dead in [(40, 1, 0), (60, 5, 0), (80, 8, 2), (5, 7, 0)]:
        scale = 10.0 ** random.uniform(-1.5, 1.5, channels)
        features = np.round(random.normal(0.3, 1, (voxels, channels)) * scale, 3)
        if dead:
            features[:, :dead] = 0
        singular = np.zeros(channels)
        values = np.linalg.svd(features / np.sqrt(voxels), compute_uv=False)
        singular[: len(values)] = values
        log = np.log(np.maximum(singular, np.sqrt(FLOOR) * singular[0]))
        cases.append({"features": features.tolist(), "logSpectrum": log.tolist(),
                      "signature": (log / np.linalg.norm(log)).tolist()})
    return cases


def ledoit_wolf(x):
    """Ledoit and Wolf (2004), equations for m, d2, b2, with outer products written out."""
    n, p = x.shape
    y = x - x.mean(0)
    s = y.T @ y / n
    m = np.trace(s) / p
    d2 = np.linalg.norm(s - m * np.eye(p)) ** 2 / p
    b2 = sum(np.linalg.norm(np.outer(row, row) - s) ** 2 / p for row in y) / n**2
    b2 = min(b2, d2)
    return x.mean(0), s + b2 / d2 * (m * np.eye(p) - s)


def f32(x):
    return np.asarray(x, np.float32).astype(np.float64)


LAYERS = [3, 4]
CENTRES = {"a": [0.0, -1.0], "b": [0.8, -0.3]}


def image(task, shift=0.0):
    spectra = [
        np.round(np.sort(random.normal(CENTRES[task][k] + shift, 0.4, c))[::-1], 4) for k, c in enumerate(LAYERS)
    ]
    centre = 24 if task == "a" else 38
    counts = np.bincount(np.clip(random.normal(centre + 8 * shift, 6, 20).astype(int), 0, 63), minlength=64)
    return {"spectra": [s.tolist() for s in spectra], "histogram": (counts / 20).tolist(),
            "entropy": round(float(random.uniform(0.05, 0.3) + abs(shift) / 5), 4)}


def soft_distance(banks, run, task):
    out = []
    for layer in range(len(LAYERS)):
        mean, cov = ledoit_wolf(f32([b["spectra"][layer] for b in banks[task]]))
        delta = np.array(run["spectra"][layer]) - mean
        out.append(0.5 * np.log(delta @ np.linalg.inv(cov + 1e-9 * np.eye(len(delta))) @ delta))
    return out


def signature(spectrum):
    v = np.asarray(spectrum)
    return v / np.linalg.norm(v)


def paper_distance(banks, run, task):
    v = signature(run["spectra"][-1])
    return [min(np.linalg.norm(v - signature(f32(b["spectra"][-1]))) for b in banks[task])]


def histogram_distance(banks, run, task):
    return [min(np.linalg.norm(np.array(run["histogram"]) - f32(b["histogram"])) for b in banks[task])]


def entropy_distance(banks, run, task):
    return [run["entropy"]]


DETECTORS = {"soft-maximum": soft_distance, "paper-signature": paper_distance,
             "intensity-histogram": histogram_distance, "entropy": entropy_distance}
TASKS = ["a", "b"]


def distances(banks, runs, name):
    """[tasks, components], infinite where not run."""
    n = len(LAYERS) if name == "soft-maximum" else 1
    return np.array([np.full(n, np.inf) if runs[t] is None else f32(DETECTORS[name](banks, runs[t], t)) for t in TASKS])


def scores(own, images, name):
    """[images, tasks]; own: per task [n, components], finite."""
    images = np.asarray(images)
    if name != "soft-maximum":
        return images[:, :, 0]
    variances = np.array([np.var(o, axis=0, ddof=1) for o in own])
    out = np.empty(images.shape[:2])
    for t, o in enumerate(own):
        sd = np.sqrt(variances[t] / 2 + variances.mean(0) / 2)
        with np.errstate(invalid="ignore"):
            z = (images[:, t] - o.mean(0)) / sd
        out[:, t] = 0.5 * np.log(np.mean(np.exp(2 * z), axis=1))
    return out


def detector_case():
    banks = {"a": [image("a") for _ in range(8)], "b": [image("b") for _ in range(7)]}
    # The same run stands for both plans where an image is run under both; two calibration images are not.
    calibration = {t: [{u: None if (t, i, u) in {("a", 1, "b"), ("b", 3, "a")} else run for u in TASKS}
                       for i, run in enumerate(image(t) for _ in range(n))] for t, n in [("a", 6), ("b", 5)]}
    new = [dict.fromkeys(TASKS, image("a")), dict.fromkeys(TASKS, image("b", 0.4)), dict.fromkeys(TASKS, image("a", 3)),
           {"a": image("b"), "b": None}]
    expected = {}
    for name in DETECTORS:
        cal = [np.array([distances(banks, runs, name) for runs in calibration[t]]) for t in TASKS]
        pool = np.concatenate(cal)
        rows = []
        for runs in new:
            d = distances(banks, runs, name)
            own = [cal[t][:, t] for t in range(2)]
            plain = scores(own, d[None], name)[0]
            p_task, p_pooled = [], []
            for t in range(2):
                if np.isinf(d[t]).any():
                    p_task.append(1 / (len(own[t]) + 1))
                    extended = own
                else:
                    extended = [np.vstack([o, d[t][None]]) if u == t else o for u, o in enumerate(own)]
                    with_new = scores([extended[u] if u == t else own[u] for u in range(2)],
                                      np.concatenate([cal[t], d[None]]), name)[:, t]
                    p_task.append(np.mean(with_new >= with_new[-1]))
                least = scores(extended, np.concatenate([pool, d[None]]), name).min(1)
                p_pooled.append(np.mean(least >= least[-1]))
            rows.append({"distances": [[None if np.isinf(v) else float(v) for v in row] for row in d],
                         "scores": [None if np.isinf(v) else float(v) for v in plain],
                         "taskP": [float(p) for p in p_task], "pooledP": float(max(p_pooled))})
        expected[name] = rows
    return {"layers": LAYERS, "banks": banks, "calibration": calibration, "new": new, "expected": expected}


golden = {"spectra": spectra_cases(), "detectors": detector_case()}
pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden, separators=(",", ":")))
