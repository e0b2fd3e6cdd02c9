"""Segments one scan with MONAI as `candor predict --task` does: same grid, windows, network and output.

usage: monai_scan.py settings.json [--sw-batch 1]
Settings: scan, weights (see unet3d.py), mask (file to write), channels, threads, spacing (mm), patch (voxels, x y z),
overlap, intensity (lower, upper, mean, sd). Prints {"inside": seconds from reading the scan to the written mask,
"load": seconds to make the network}.
"""
import argparse
import json
import time

import nibabel
import numpy as np
import torch
import torch.nn.functional as F
from monai.inferers import sliding_window_inference

from unet3d import UNet, load_weights

parser = argparse.ArgumentParser()
parser.add_argument('settings')
parser.add_argument('--sw-batch', type=int, default=1)
arguments = parser.parse_args()
with open(arguments.settings) as f:
    s = json.load(f)
torch.set_num_threads(s['threads'])

start = time.perf_counter()
net = UNet(s['channels'])
load_weights(net, s['weights'])
net.eval()
loaded = time.perf_counter()

image = nibabel.load(s['scan'])
data = torch.from_numpy(np.asarray(image.dataobj, np.float32))
intensity = s['intensity']
data = (data.clamp(intensity['lower'], intensity['upper']) - intensity['mean']) / intensity['sd']
# Tensor order of the network: depth, height, width; NIfTI's: x, y, z. The scan is stored in RAS.
data = data.permute(2, 1, 0)[None, None].contiguous()
native = data.shape[2:]
zooms = image.header.get_zooms()[:3]
target = [max(1, round(n * float(mm) / to)) for n, mm, to in zip(image.shape, zooms, s['spacing'])][::-1]
data = F.interpolate(data, size=target, mode='trilinear', align_corners=False)
patch = s['patch'][::-1]
# MONAI's own Gaussian weights (sd an eighth of the window) are raised to at least 1e-3, Candor's to 1e-6: given times a
# thousand, they are used as they are.
z, y, x = (torch.exp(-0.5 * ((torch.arange(n) - (n - 1) / 2) / (n / 8)) ** 2) for n in patch)
weights = 1000 * (z[:, None, None] * y[:, None] * x).clamp(min=1e-6)
with torch.inference_mode():
    logits = sliding_window_inference(
        data, patch, arguments.sw_batch, net, overlap=s['overlap'], roi_weight_map=weights)
    logits = F.interpolate(logits, size=native, mode='trilinear', align_corners=False)
mask = (logits[0, 0] > 0).to(torch.uint8).permute(2, 1, 0).contiguous().numpy()
out = nibabel.Nifti1Image(mask, image.affine, image.header)
out.set_data_dtype(np.uint8)
nibabel.save(out, s['mask'])
print(json.dumps({'inside': time.perf_counter() - loaded, 'load': loaded - start}))
