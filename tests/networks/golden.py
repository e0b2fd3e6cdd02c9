"""Writes golden.json: losses, gradients and training steps of the U-Net by PyTorch (float64)."""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def sequence(start, length):
    """A fixed sequence in [-1, 1), exact in float32, which the test computes by the same formula."""
    i = np.arange(start, start + length, dtype=np.int64)
    return ((i * 1103515245 + 12345) % 2**31 // 2**15) / 2**15 - 1


def parameter_specs(channels):
    """Name, shape and scale of each weight, in the order of the flat vector; scale None is a norm's factor."""
    specs = []

    def weight(name, out, into, size, gain=6):
        specs.append((f"{name}.weight", [out, into] + [size] * 3, (gain / (into * size**3)) ** 0.5))

    def block(name, into, out):
        for i, source in enumerate([into, out]):
            weight(f"{name}.conv{i}", out, source, 3)
            specs.append((f"{name}.norm{i}.scale", [out], None))
            specs.append((f"{name}.norm{i}.bias", [out], 0.25))

    for i, c in enumerate(channels):
        if i > 0:
            weight(f"down{i - 1}", c, channels[i - 1], 2)
            specs.append((f"down{i - 1}.bias", [c], 0.25))
        block(f"encoder{i}", 1 if i == 0 else c, c)
    for i in range(len(channels) - 2, -1, -1):
        shape = [channels[i + 1], channels[i]] + [2] * 3
        specs.append((f"up{i}.weight", shape, (3 / channels[i + 1]) ** 0.5))
        specs.append((f"up{i}.bias", [channels[i]], 0.25))
        block(f"decoder{i}", 2 * channels[i], channels[i])
    weight("head", 1, channels[0], 1, gain=3)
    specs.append(("head.bias", [1], 0.25))
    return specs


def initial(specs):
    weights, start = {}, 0
    for name, shape, scale in specs:
        values = sequence(start, int(np.prod(shape)))
        start += values.size
        values = 1 + 0.25 * values if scale is None else values * scale
        weights[name] = torch.tensor(values.astype(np.float32).astype(np.float64)).reshape(shape).requires_grad_()
    return weights


def unet(weights, channels, image, before_relu=None):
    conv, up = F.conv3d, F.conv_transpose3d

    def block(name, x):
        for i in range(2):
            x = conv(x, weights[f"{name}.conv{i}.weight"], padding=1)
            norm = f"{name}.norm{i}"
            x = F.instance_norm(x, weight=weights[f"{norm}.scale"], bias=weights[f"{norm}.bias"], eps=1e-5)
            if before_relu is not None:
                before_relu.append(x)
            x = F.relu(x)
        return x

    x, skips = image, []
    for i in range(len(channels)):
        if i > 0:
            x = conv(x, weights[f"down{i - 1}.weight"], weights[f"down{i - 1}.bias"], stride=2)
        x = block(f"encoder{i}", x)
        skips.append(x)
    for i in range(len(channels) - 2, -1, -1):
        x = up(x, weights[f"up{i}.weight"], weights[f"up{i}.bias"], stride=2)
        x = block(f"decoder{i}", torch.cat([x, skips[i]], 1))
    return conv(x, weights["head.weight"], weights["head.bias"])


def loss_of(name, logits, label):
    cross_entropy = F.binary_cross_entropy_with_logits(logits, label)
    p, axes = torch.sigmoid(logits), list(range(1, logits.dim()))
    dice = (2 * (p * label).sum(axes) + 1) / ((p + label).sum(axes) + 1)
    return {"ce": cross_entropy, "dice": 1 - dice.mean(), "ce+dice": cross_entropy + 1 - dice.mean()}[name]


def patches(groups, start=100_000):
    """Image and label of each group: the sequence, and a box with a rough surface that the image shows."""
    result = []
    for batch, *space in groups:
        noise = torch.tensor(sequence(start, batch * int(np.prod(space)))).reshape(batch, 1, *space)
        start += noise.numel()
        box = torch.zeros_like(noise)
        box[(slice(None), slice(None), *[slice(n // 4, 3 * n // 4) for n in space])] = 1
        label = ((box + 0.6 * noise) > 0.5).double()
        result.append(((noise + box).float().double(), label))
    return result


def total_loss(name, weights, channels, data, before_relu=None):
    count = sum(len(image) for image, _ in data)
    parts = [
        loss_of(name, unet(weights, channels, image, before_relu), label) * (len(image) / count)
        for image, label in data
    ]
    return sum(parts)


def short(x):
    return float(f"{float(x):.12g}")


def gradient_case(channels, groups, loss):
    weights = initial(parameter_specs(channels))
    # One activation that float32 rounding carries across ReLU's kink changes gradients by a percent: look for patches
    # where none lies near it.
    for start in range(100_000, 200_000, 1000):
        before_relu = []
        value = total_loss(loss, weights, channels, patches(groups, start), before_relu)
        if min(x.abs().min() for x in before_relu) > 1e-4:
            break
    value.backward()
    tensors = {}
    for name, w in weights.items():
        flat = w.grad.flatten()
        samples = sorted({0, flat.numel() // 3, flat.numel() // 2, flat.numel() - 1})
        tensors[name] = {"norm": short(flat.norm()), "samples": {str(i): short(flat[i]) for i in samples}}
    return {"channels": channels, "groups": groups, "start": start, "loss": loss, "value": short(value), "gradients": tensors}


def optimiser_case():
    """Three steps on plain vectors; only the first gradient is short enough to escape clipping."""
    n, decayed = 12, 7
    weights = torch.tensor(sequence(0, n)).requires_grad_()
    groups = [{"params": [], "weight_decay": 0.01}, {"params": [], "weight_decay": 0.0}]
    head, tail = weights[:decayed].detach().requires_grad_(), weights[decayed:].detach().requires_grad_()
    groups[0]["params"], groups[1]["params"] = [head], [tail]
    optimiser = torch.optim.AdamW(groups, lr=0.1, betas=(0.9, 0.99), eps=1e-8)
    steps = []
    for step, (rate, size) in enumerate([(0.1, 1), (0.05, 30), (0.2, 100)]):
        gradient = torch.tensor(sequence(1000 * (step + 1), n) * size)
        head.grad, tail.grad = gradient[:decayed].clone(), gradient[decayed:].clone()
        norm = torch.nn.utils.clip_grad_norm_([head, tail], 12.0)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
        steps.append({"rate": rate, "size": size, "norm": short(norm), "weights": [short(v) for v in [*head, *tail]]})
    return {"length": n, "decayed": decayed, "steps": steps}


def training_case(channels, groups, steps, peak):
    """Losses of whole training steps: AdamW with clipping, decay spared for norms and biases, a constant rate."""
    weights = initial(parameter_specs(channels))
    decayed = [w for name, w in weights.items() if name.endswith(".weight")]
    spared = [w for name, w in weights.items() if not name.endswith(".weight")]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": spared, "weight_decay": 0.0}],
        lr=peak,
        betas=(0.9, 0.99),
        eps=1e-8,
    )
    data, losses, norms = patches(groups), [], []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = total_loss("ce+dice", weights, channels, data)
        loss.backward()
        norms.append(short(torch.nn.utils.clip_grad_norm_([*decayed, *spared], 0.5)))
        optimiser.step()
        losses.append(short(loss))
    return {"channels": channels, "groups": groups, "rate": peak, "maximumNorm": 0.5, "losses": losses, "norms": norms}


golden = {
    "gradients": [
        gradient_case([4, 8], [[2, 4, 8, 6]], "ce"),
        gradient_case([4, 8], [[2, 4, 8, 6]], "dice"),
        gradient_case([4, 8, 16], [[1, 8, 16, 12]], "ce+dice"),
        gradient_case([4, 8], [[2, 4, 6, 8], [1, 8, 4, 4]], "ce+dice"),
    ],
    "optimiser": optimiser_case(),
    "training": training_case([4, 8], [[2, 8, 8, 8]], 20, 3e-3),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
