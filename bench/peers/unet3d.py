"""The network of Candor's preset in PyTorch, operation for operation, and its weights from Candor's flat vector.

Per stage two 3x3x3 convolutions, each with instance norm and ReLU; 2x2x2 strided convolution down, 2x2x2 transposed
convolution up, skip connections by concatenation (upsampled channels first), one 1x1x1 output channel.
"""
import json

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, into, out):
        super().__init__()
        self.conv0 = nn.Conv3d(into, out, 3, padding=1, bias=False)
        self.norm0 = nn.InstanceNorm3d(out, affine=True)
        self.conv1 = nn.Conv3d(out, out, 3, padding=1, bias=False)
        self.norm1 = nn.InstanceNorm3d(out, affine=True)

    def forward(self, x):
        x = F.relu(self.norm0(self.conv0(x)))
        return F.relu(self.norm1(self.conv1(x)))


class UNet(nn.Module):
    def __init__(self, channels=(16, 32, 64, 128)):
        super().__init__()
        c = list(channels)
        stages = len(c)
        self.encoder = nn.ModuleList([Block(1 if i == 0 else c[i], c[i]) for i in range(stages)])
        self.down = nn.ModuleList([nn.Conv3d(c[i], c[i + 1], 2, 2) for i in range(stages - 1)])
        self.up = nn.ModuleList([nn.ConvTranspose3d(c[i + 1], c[i], 2, 2) for i in range(stages - 1)])
        self.decoder = nn.ModuleList([Block(2 * c[i], c[i]) for i in range(stages - 1)])
        self.head = nn.Conv3d(c[0], 1, 1)

    def forward(self, x):
        skips = []
        for i, block in enumerate(self.encoder):
            x = block(x if i == 0 else self.down[i - 1](x))
            skips.append(x)
        for i in reversed(range(len(self.decoder))):
            x = self.decoder[i](torch.cat([self.up[i](x), skips[i]], 1))
        return self.head(x)


def torch_name(name):
    """'encoder0.conv1.weight' -> 'encoder.0.conv1.weight', 'encoder0.norm1.scale' -> 'encoder.0.norm1.weight'."""
    stage, *rest = name.split('.')
    if stage != 'head':
        stage = stage.rstrip('0123456789') + '.' + stage[len(stage.rstrip('0123456789')):]
    return '.'.join([stage, *rest]).replace('.scale', '.weight')


def load_weights(net, table_file):
    """Fill a network from `<file>.json` ([{name, shape, start}]) and the float32 values in `<file>`; all must fit."""
    with open(table_file + '.json') as f:
        table = json.load(f)
    flat = np.fromfile(table_file, np.float32)
    own = dict(net.named_parameters())
    if len(table) != len(own) or flat.size != sum(p.numel() for p in own.values()):
        raise ValueError(f'{table_file}: expected {len(own)} tensors, found {len(table)}')
    with torch.no_grad():
        for entry in table:
            parameter = own[torch_name(entry['name'])]
            if list(parameter.shape) != entry['shape']:
                raise ValueError(f"{entry['name']}: expected {list(parameter.shape)}, found {entry['shape']}")
            values = flat[entry['start']:entry['start'] + parameter.numel()]
            parameter.copy_(torch.from_numpy(values.reshape(entry['shape'])))


def no_decay(name):
    """Norms and biases are spared weight decay, as in Candor."""
    return name.endswith('.bias') or '.norm' in name
