"""Answers the bench's requests: one JSON line in, one JSON line out. Keeps networks and data between requests.

{"op": "hello"}                                        -> versions
{"op": "open", "channels", "threads", "weights"?}      -> number of weights; a fresh optimiser
{"op": "input", "batch", "space", "file"?}             -> image (from a float32 file, else random) and random label
{"op": "forward", "mode": "no_grad" | "inference_mode", "repeats"}  -> seconds of each pass
{"op": "output", "file"}                               -> logits as a float32 file
{"op": "step", "loss": "ce" | "ce+dice", "optimiser": "adam" | "adamw", "repeats"}  -> seconds of each training step
{"op": "memory"}                                       -> highest resident bytes of this process
{"op": "peak"}                                         -> GFLOP/s of a large matrix product, best of several
"""
import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from unet3d import UNet, load_weights, no_decay

net = image = label = optimiser = optimiser_name = None


def timed(call, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times


def soft_dice_loss(logits, target):
    """One minus the mean soft Dice of each image, smoothing 1, as Candor's."""
    p = torch.sigmoid(logits)
    axes = tuple(range(1, p.ndim))
    return 1 - ((2 * (p * target).sum(axes) + 1) / ((p + target).sum(axes) + 1)).mean()


def make_optimiser(name):
    if name == 'adam':
        return torch.optim.Adam(net.parameters(), 1e-3)
    groups = [
        {'params': [p for n, p in net.named_parameters() if not no_decay(n)], 'weight_decay': 1e-2},
        {'params': [p for n, p in net.named_parameters() if no_decay(n)], 'weight_decay': 0.0},
    ]
    return torch.optim.AdamW(groups, 1e-3, betas=(0.9, 0.99), eps=1e-8)


def step(loss_name, clip):
    optimiser.zero_grad()
    logits = net(image)
    loss = F.binary_cross_entropy_with_logits(logits, label)
    if loss_name == 'ce+dice':
        loss = loss + soft_dice_loss(logits, label)
    loss.backward()
    if clip:
        torch.nn.utils.clip_grad_norm_(net.parameters(), 12)
    optimiser.step()
    return loss.item()


def handle(request):
    global net, image, label, optimiser, optimiser_name
    op = request['op']
    if op == 'hello':
        return {'torch': torch.__version__, 'python': sys.version.split()[0], 'numpy': np.__version__}
    if op == 'open':
        torch.set_num_threads(request['threads'])
        torch.manual_seed(0)
        net = UNet(request['channels'])
        optimiser = optimiser_name = None
        if request.get('weights'):
            load_weights(net, request['weights'])
        return {'parameters': sum(p.numel() for p in net.parameters())}
    if op == 'input':
        shape = [request['batch'], 1, *request['space']]
        if request.get('file'):
            image = torch.from_numpy(np.fromfile(request['file'], np.float32).reshape(shape))
        else:
            image = torch.randn(shape)
        label = (torch.rand(shape) > 0.7).float()
        return {'voxels': image.numel()}
    if op == 'forward':
        net.eval()
        with getattr(torch, request['mode'])():
            return {'seconds': timed(lambda: net(image), request['repeats'])}
    if op == 'output':
        net.eval()
        with torch.no_grad():
            net(image).numpy().astype(np.float32).tofile(request['file'])
        return {'file': request['file']}
    if op == 'step':
        net.train()
        if optimiser_name != request['optimiser']:
            optimiser, optimiser_name = make_optimiser(request['optimiser']), request['optimiser']
        clip = request['optimiser'] == 'adamw'
        return {'seconds': timed(lambda: step(request['loss'], clip), request['repeats'])}
    if op == 'memory':
        scale = 1 if sys.platform == 'darwin' else 1024
        return {'bytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale}
    if op == 'peak':
        a = torch.randn(2048, 2048)
        torch.mm(a, a)
        return {'gflops': 2 * 2048 ** 3 / min(timed(lambda: torch.mm(a, a), 9)) / 1e9}
    raise ValueError(f'unknown request {op}')


for line in sys.stdin:
    try:
        answer = handle(json.loads(line))
    except Exception as error:  # told to the bench, which decides
        answer = {'error': f'{type(error).__name__}: {error}'}
    print(json.dumps(answer), flush=True)
