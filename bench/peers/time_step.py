"""Times the training step and the forward pass of the peer's network, the yardstick for Candor's.

The network is that of unet3d.py; a step is forward, binary cross-entropy, backward and Adam. Prints one line of JSON:
medians in seconds, and the number of weights.

usage: python3 time_step.py [--threads 2] [--patch 48] [--batch 2] [--repeats 5]
needs: torch
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

from unet3d import UNet


def median_seconds(work, repeats):
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    for name, value in {'threads': 2, 'patch': 48, 'batch': 2, 'repeats': 5}.items():
        parser.add_argument(f'--{name}', type=int, default=value)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    net = UNet()
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    image = torch.randn(options.batch, 1, *[options.patch] * 3)
    label = (torch.rand_like(image) > 0.7).float()

    def step():
        optimiser.zero_grad()
        F.binary_cross_entropy_with_logits(net(image), label).backward()
        optimiser.step()

    def forward():
        with torch.no_grad():
            net(image)

    print(json.dumps({
        'engine': f'pytorch {torch.__version__}',
        'parameters': sum(p.numel() for p in net.parameters()),
        'trainStepSeconds': median_seconds(step, options.repeats),
        'forwardSeconds': median_seconds(forward, options.repeats),
    }))


if __name__ == '__main__':
    main()
