"""Writes golden.json: values and gradients by PyTorch (float64), which the graph's operators must reproduce."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(20240611)
torch.set_default_dtype(torch.float64)


def draw(*shape):
    """Values with few digits, exact in float32."""
    return (torch.randn(*shape) * 32).round() / 32


def flat(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.12g}") for v in tensor.detach().flatten().tolist()]}


def case(op, name, options, function, **inputs):
    leaves = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    result = function(**leaves)
    upstream = draw(*result.shape)
    result.backward(upstream)
    return {
        "op": op,
        "name": name,
        "options": options,
        "inputs": {key: flat(value) for key, value in inputs.items()},
        "upstream": flat(upstream),
        "result": flat(result),
        "gradients": {key: flat(leaf.grad) for key, leaf in leaves.items()},
    }


def convolution(name, x, w, stride, padding, dilation, output_padding=None):
    transposed = output_padding is not None
    rank = x.dim() - 2
    run = getattr(F, f"conv{'_transpose' if transposed else ''}{rank}d")
    extra = {"output_padding": output_padding} if transposed else {}
    options = {"strides": stride, "dilations": dilation, "pads": padding + padding}
    if transposed:
        options["outputPadding"] = output_padding
    bias = draw(w.shape[1] if transposed else w.shape[0])
    return case(
        "ConvTranspose" if transposed else "Conv",
        f"{rank}D, {name}",
        options,
        lambda x, w, b: run(x, w, b, stride=stride, padding=padding, dilation=dilation, **extra),
        x=x,
        w=w,
        b=bias,
    )


def norm(x):
    channels = x.shape[1]
    return case(
        "InstanceNormalization",
        f"{x.dim() - 2}D",
        {"epsilon": 1e-5},
        lambda x, scale, bias: F.instance_norm(x, weight=scale, bias=bias, eps=1e-5),
        x=x,
        scale=draw(channels),
        bias=draw(channels),
    )


cases = [
    convolution("same padding", draw(2, 2, 4, 5), draw(3, 2, 3, 3), [1, 1], [1, 1], [1, 1]),
    convolution("uneven", draw(1, 2, 6, 8), draw(2, 2, 2, 3), [2, 3], [1, 0], [2, 1]),
    convolution("kernel equal to the stride", draw(1, 2, 5, 4), draw(2, 2, 2, 2), [2, 2], [0, 0], [1, 1]),
    convolution("same padding", draw(1, 2, 3, 3, 4), draw(2, 2, 3, 3, 3), [1, 1, 1], [1, 1, 1], [1, 1, 1]),
    convolution("uneven", draw(1, 1, 4, 5, 5), draw(2, 1, 1, 2, 3), [1, 3, 2], [0, 1, 1], [1, 2, 1]),
    convolution("kernel equal to the stride", draw(2, 2, 2, 2, 2), draw(2, 1, 2, 2, 2), [2] * 3, [0] * 3, [1] * 3, [0] * 3),
    convolution("kernel equal to the stride", draw(1, 3, 3, 2), draw(3, 2, 2, 2), [2, 2], [0, 0], [1, 1], [0, 0]),
    convolution("uneven", draw(1, 2, 3, 3), draw(2, 2, 3, 2), [2, 3], [1, 0], [1, 2], [1, 2]),
    convolution("uneven", draw(1, 2, 2, 3, 2), draw(2, 1, 2, 1, 3), [1, 2, 3], [0, 0, 1], [2, 1, 1], [0, 1, 2]),
    norm(draw(2, 3, 3, 4)),
    norm(draw(2, 2, 2, 3, 3) + 3),
    case("Relu", "2D", {}, lambda x: F.relu(x), x=draw(2, 2, 3, 4)),
    case("Relu", "3D", {}, lambda x: F.relu(x), x=draw(1, 2, 2, 3, 2)),
    # Beyond its threshold PyTorch returns x itself, hence the larger one.
    case("Softplus", "2D", {}, lambda x: F.softplus(x, threshold=40), x=draw(2, 2, 3, 4) * 8),
    case("Softplus", "3D", {}, lambda x: F.softplus(x, threshold=40), x=draw(1, 2, 2, 3, 2) * 8),
]
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
Path(__file__).with_suffix(".json").write_text(f"[\n{lines}\n]\n")
