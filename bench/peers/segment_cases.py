"""Segments held-out cases with the network that train_unet3d.py trained, one a request: a JSON line in, a JSON line out.

usage: segment_cases.py settings.json (those of train_unet3d.py)
{"case": index}  -> {"seconds": from the prepared image to its mask, "dice"}
"""
import json
import sys
import time

import torch

from held_out import dice_of, read_cases, segment
from unet3d import UNet

with open(sys.argv[1]) as f:
    settings = json.load(f)
torch.set_num_threads(settings['threads'])
net = UNet(settings['channels'])
net.load_state_dict(torch.load(settings['checkpoint'], weights_only=True)['net'])
net.eval()
cases = read_cases(settings['cases'])


def answer(request):
    header, (image, label) = cases[request['case']]
    with torch.inference_mode():
        start = time.perf_counter()
        mask = segment(net, image, header['patch'], header['minimum'], header['windows']) > 0
        seconds = time.perf_counter() - start
    return {'seconds': seconds, 'dice': dice_of(mask, label > 0.5)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
