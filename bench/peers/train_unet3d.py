"""Trains the peer's network in PyTorch on the patches of a run of Candor, in the same order.

usage: train_unet3d.py settings.json
Settings: stream (the command of patches.mjs without its steps: program, script, run folder), datasets (folders), channels,
threads, weights (initial, see unet3d.py), steps, validateAt (steps), log, checkpoint, optimiser (beta1, beta2, epsilon,
weightDecay, maximumNorm), loss ("ce+dice", "ce" or "dice").

Appends a JSON line to the log at each of `validateAt`: {"step", "seconds", "dice": {task: mean over held-out cases}}.
Seconds are of training steps alone, waiting for patches included, and no step counts more than 5 times the running median:
a process that was stopped and continued (SIGSTOP, SIGCONT) loses nothing. Killed and started again it goes on from its
checkpoint.
"""
import json
import os
import queue
import statistics
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import torch
import torch.nn.functional as F

from unet3d import UNet, load_weights, no_decay

CHECKPOINT_EVERY = 100
CAP = 5
RECENT = 101
FIRST = 11
AHEAD = 4


def read_exactly(pipe, n):
    data = pipe.read(n)
    if len(data) != n:
        raise EOFError('the stream of patches ended early')
    return data


def read_record(pipe):
    """Header and float32 arrays of one record."""
    (length,) = struct.unpack('<I', read_exactly(pipe, 4))
    header = json.loads(read_exactly(pipe, length))
    if header['kind'] == 'case':
        shapes = [header['size'][::-1]] * 2
    else:
        shapes = [[g['batch'], 1, *g['space']] for g in header['groups'] for _ in range(2)]
    arrays = []
    for shape in shapes:
        count = int(np.prod(shape))
        values = np.frombuffer(bytearray(read_exactly(pipe, 4 * count)), np.float32)
        arrays.append(torch.from_numpy(values.reshape(shape)))
    return header, arrays


def follow(pipe, records):
    """Reads ahead in a thread of its own; an error becomes the last record."""
    try:
        while True:
            records.put(read_record(pipe))
    except Exception as error:
        records.put(error)


def take(records):
    record = records.get()
    if isinstance(record, Exception):
        raise record
    return record


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


def loss_of(name, logits, label):
    loss = 0
    if 'ce' in name:
        loss = loss + F.binary_cross_entropy_with_logits(logits, label)
    if 'dice' in name:
        p, axes = torch.sigmoid(logits), (1, 2, 3, 4)
        loss = loss + 1 - ((2 * (p * label).sum(axes) + 1) / ((p + label).sum(axes) + 1)).mean()
    return loss


def capped_sum(durations):
    """Seconds in all, none counted more than CAP times the median of the RECENT before it (at least FIRST of them)."""
    total = 0.0
    for i, seconds in enumerate(durations):
        total += min(seconds, CAP * statistics.median(durations[max(0, i + 1 - RECENT):max(i + 1, FIRST)]))
    return total


class Run:
    def __init__(self, s):
        self.s = s
        self.net = UNet(s['channels'])
        load_weights(self.net, s['weights'])
        o = s['optimiser']
        named = list(self.net.named_parameters())
        self.optimiser = torch.optim.AdamW(
            [{'params': [p for n, p in named if not no_decay(n)], 'weight_decay': o['weightDecay']},
             {'params': [p for n, p in named if no_decay(n)], 'weight_decay': 0.0}],
            1e-3, betas=(o['beta1'], o['beta2']), eps=o['epsilon'])
        self.step, self.durations = 0, []
        if os.path.exists(s['checkpoint']):
            self.resume()
        self.trim_log()

    def resume(self):
        state = torch.load(self.s['checkpoint'], weights_only=True)
        self.net.load_state_dict(state['net'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.step, self.durations = state['step'], state['durations']

    def trim_log(self):
        """Lines after the checkpoint will come again."""
        lines = []
        if os.path.exists(self.s['log']):
            with open(self.s['log']) as f:
                for line in f:
                    try:
                        if json.loads(line)['step'] <= self.step:
                            lines.append(line)
                    except (ValueError, KeyError):
                        pass
        with open(self.s['log'] + '.part', 'w') as f:
            f.writelines(lines)
        os.replace(self.s['log'] + '.part', self.s['log'])

    def save(self):
        part = self.s['checkpoint'] + '.part'
        torch.save({'net': self.net.state_dict(), 'optimiser': self.optimiser.state_dict(), 'step': self.step,
                    'durations': self.durations}, part)
        os.replace(part, self.s['checkpoint'])

    def learn(self, records):
        start = time.perf_counter()
        header, arrays = take(records)
        if header['step'] != self.step:
            raise ValueError(f"expected the batch of step {self.step}, found {header['step']}")
        for group in self.optimiser.param_groups:
            group['lr'] = header['learningRate']
        self.optimiser.zero_grad()
        patches = sum(g['batch'] for g in header['groups'])
        loss = sum(g['batch'] / patches * loss_of(self.s['loss'], self.net(arrays[2 * i]), arrays[2 * i + 1])
                   for i, g in enumerate(header['groups']))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.s['optimiser']['maximumNorm'])
        self.optimiser.step()
        loss = loss.item()
        self.durations.append(time.perf_counter() - start)
        self.step += 1
        return loss

    @property
    def seconds(self):
        return capped_sum(self.durations)

    def train(self):
        s = self.s
        if self.step >= s['steps']:
            return
        command = [*s['stream'], str(self.step), str(s['steps']), *s['datasets']]
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=1 << 20) as stream:
            try:
                records = queue.Queue(maxsize=AHEAD)
                cases = []
                for _ in range(s['cases']):
                    cases.append(read_record(stream.stdout))
                threading.Thread(target=follow, args=(stream.stdout, records), daemon=True).start()
                at = set(s['validateAt'])
                # The clock starts with patches at hand, as Candor's does.
                while records.empty():
                    time.sleep(0.01)
                while self.step < s['steps']:
                    loss = self.learn(records)
                    if self.step in at:
                        line = {'step': self.step, 'seconds': self.seconds, 'loss': loss, 'dice': validate(self.net, cases)}
                        with open(s['log'], 'a') as f:
                            f.write(json.dumps(line) + '\n')
                    if self.step in at or self.step % CHECKPOINT_EVERY == 0:
                        self.save()
            finally:
                stream.kill()


def warm_up(channels):
    """PyTorch loads parts of itself in its first step, which takes seconds; Candor's sessions open before its clock too."""
    net = UNet(channels)
    optimiser = torch.optim.AdamW(net.parameters(), 1e-3)
    net(torch.zeros(1, 1, 32, 32, 32)).sum().backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1)
    optimiser.step()


if __name__ == '__main__':
    with open(sys.argv[1]) as f:
        settings = json.load(f)
    torch.set_num_threads(settings['threads'])
    warm_up(settings['channels'])
    run = Run(settings)
    run.train()
    print(json.dumps({'step': run.step, 'seconds': run.seconds}))
