"""Whole held-out cases through a network: the windows of Candor, blended as Candor does."""
import os
import statistics

import torch

from records import read_record


def read_cases(file):
    """Header and (image, label) of each case."""
    cases, size = [], os.path.getsize(file)
    with open(file, 'rb') as f:
        while f.tell() < size:
            cases.append(read_record(f))
    return cases


def dice_of(mask, label):
    total = mask.sum().item() + label.sum().item()
    return 1.0 if total == 0 else 2 * (mask & label).sum().item() / total


def segment(net, image, patch, minimum, windows):
    """Logits of a whole image: the windows of Candor, blended with its Gaussian weights."""
    z, y, x = (torch.exp(-0.5 * ((torch.arange(n) - (n - 1) / 2) / (n / 8)) ** 2) for n in patch[::-1])
    weights = (z[:, None, None] * y[:, None] * x).clamp(min=1e-6)
    total, share = torch.zeros(image.shape, dtype=torch.float64), torch.zeros(image.shape, dtype=torch.float64)
    for origin in windows:
        window = torch.full(patch[::-1], float(minimum))
        inside, within = [], []
        for start, side, n in zip(origin[::-1], patch[::-1], image.shape):
            low, high = max(0, start), min(n, start + side)
            inside.append(slice(low, high))
            within.append(slice(low - start, high - start))
        inside, within = tuple(inside), tuple(within)
        window[within] = image[inside]
        logits = net(window[None, None])[0, 0]
        total[inside] += (weights * logits)[within]
        share[inside] += weights[within]
    return total / share


def validate(net, cases):
    by_task = {}
    net.eval()
    with torch.inference_mode():
        for header, (image, label) in cases:
            logits = segment(net, image, header['patch'], header['minimum'], header['windows'])
            by_task.setdefault(header['task'], []).append(dice_of(logits > 0, label > 0.5))
    net.train()
    return {task: statistics.fmean(values) for task, values in by_task.items()}
