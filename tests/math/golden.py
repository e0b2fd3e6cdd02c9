"""Golden values of tests/math from numpy, scipy and scikit-learn. Run: python3 golden.py (scikit-learn 1.3)."""
import json
from pathlib import Path

import numpy as np
from scipy.stats import betabinom
from sklearn.covariance import LedoitWolf

rng = np.random.default_rng(1)


def rounded(values):
    return [float(v) for v in np.ravel(values)]


def symmetric(n):
    """A matrix with eigenvalues over eight orders of magnitude."""
    q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    a = (q * np.logspace(4, -4, n)) @ q.T
    return (a + a.T) / 2


def eigenvalues():
    cases = []
    for n in (2, 3, 8, 24):
        a = symmetric(n)
        cases.append({"n": n, "matrix": rounded(a), "eigenvalues": rounded(np.linalg.eigvalsh(a)[::-1])})
    indefinite = rng.standard_normal((9, 9))
    indefinite += indefinite.T
    cases.append({"n": 9, "matrix": rounded(indefinite), "eigenvalues": rounded(np.linalg.eigvalsh(indefinite)[::-1])})
    return cases


def formula_eigenvalues(n):
    """A matrix too large to store, by its formula: sin(i j + 1) / (1 + |i - j|)."""
    i, j = np.mgrid[:n, :n].astype(float)
    return {"n": n, "eigenvalues": rounded(np.linalg.eigvalsh(np.sin(i * j + 1) / (1 + abs(i - j)))[::-1])}


def cholesky():
    x = rng.standard_normal((40, 6)) * np.arange(1, 7)
    a = x.T @ x / 40
    b = rng.standard_normal(6)
    return {
        "n": 6,
        "matrix": rounded(a),
        "b": rounded(b),
        "lower": rounded(np.linalg.cholesky(a)),
        "mahalanobis": float(np.sqrt((b - 1) @ np.linalg.inv(a) @ (b - 1))),
    }


def ledoit_wolf():
    cases = []
    for n, p in ((12, 5), (6, 9), (30, 3), (5, 1)):
        x = rng.standard_normal((n, p)) @ rng.standard_normal((p, p)) + 3
        fit = LedoitWolf().fit(x)
        cases.append({
            "rows": [rounded(row) for row in x],
            "mean": rounded(fit.location_),
            "covariance": rounded(fit.covariance_),
            "shrinkage": float(fit.shrinkage_),
        })
    return cases


def beta_binomial():
    cases = []
    for trials, a, b in ((60, 3, 75), (10, 1, 20), (500, 20, 380), (1, 2, 2)):
        d = betabinom(trials, a, b)
        cases.append({
            "trials": trials, "a": a, "b": b,
            "probabilities": rounded(d.pmf(np.arange(trials + 1))),
        })
    return cases


def alarms():
    cases = []
    for n, m, alpha in ((77, 60, 0.05), (19, 40, 0.05), (20, 60, 0.05), (100, 1000, 0.1), (200, 77, 0.01)):
        k = int(alpha * (n + 1) + 1e-9)
        d = betabinom(m, k, n + 1 - k)
        cases.append({"nCalibration": n, "nTest": m, "alpha": alpha, "range": [int(d.ppf(0.025)), int(d.ppf(0.975))]})
    return cases


def quantiles():
    x = rng.standard_normal(37)
    qs = [0, 0.025, 0.1, 1 / 3, 0.5, 0.77, 0.95, 1]
    return {
        "values": rounded(x),
        "q": qs,
        "quantiles": rounded(np.quantile(x, qs)),
        "mean": float(x.mean()),
        "standardDeviation": float(x.std(ddof=1)),
        "median": float(np.median(x)),
    }


golden = {
    "eigenvalues": eigenvalues(),
    "formulaEigenvalues": [formula_eigenvalues(128), formula_eigenvalues(320)],
    "cholesky": cholesky(),
    "ledoitWolf": ledoit_wolf(),
    "betaBinomial": beta_binomial(),
    "alarms": alarms(),
    "quantiles": quantiles(),
}
(Path(__file__).parent / "golden.json").write_text(json.dumps(golden) + "\n")
