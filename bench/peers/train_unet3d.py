"""Trains the peer's network in PyTorch on the patches of a run of Candor, in the same order.

usage: train_unet3d.py settings.json
Settings: stream (the command of patches.mjs without its steps: program, script, run folder), datasets (folders), channels,
threads, cases (held out, a file of records), weights (initial, see unet3d.py), steps (of the learning-rate schedule),
validateAt (steps, the last of which ends the training), targets ({task: Dice}, may be empty: the training also ends where
each has been reached once), log, checkpoint, optimiser (beta1, beta2, epsilon, weightDecay, maximumNorm), loss ("ce+dice",
"ce" or "dice").

Appends a JSON line to the log at each of `validateAt`: {"step", "seconds", "dice": {task: mean over held-out cases}}.
Seconds are of training steps alone, waiting for patches included, and no step counts more than 5 times the running median:
a process that was stopped and continued (SIGSTOP, SIGCONT) loses nothing. Killed and started again it goes on from its
checkpoint.
"""
import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time

import torch
import torch.nn.functional as F

from held_out import read_cases, validate
from records import read_record
from unet3d import UNet, load_weights, no_decay

CHECKPOINT_EVERY = 100
CAP = 5
RECENT = 101
FIRST = 11
AHEAD = 4


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
        self.read_log()

    def resume(self):
        state = torch.load(self.s['checkpoint'], weights_only=True)
        self.net.load_state_dict(state['net'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.step, self.durations = state['step'], state['durations']

    def read_log(self):
        """Validations up to the checkpoint; later ones will come again, and are taken out of the log."""
        self.validations = []
        if os.path.exists(self.s['log']):
            with open(self.s['log']) as f:
                for line in f:
                    try:
                        record = json.loads(line)
                        if record['step'] <= self.step:
                            self.validations.append(record)
                    except (ValueError, KeyError):
                        pass
        with open(self.s['log'] + '.part', 'w') as f:
            f.writelines(json.dumps(record) + '\n' for record in self.validations)
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

    @property
    def ended(self):
        if self.step >= max(self.s['validateAt']):
            return True
        targets = self.s['targets'].items()
        reached = [any(v['dice'][task] >= dice for v in self.validations) for task, dice in targets]
        return len(reached) > 0 and all(reached)

    def validate(self, cases, loss):
        record = {'step': self.step, 'seconds': self.seconds, 'loss': loss, 'dice': validate(self.net, cases)}
        self.validations.append(record)
        with open(self.s['log'], 'a') as f:
            f.write(json.dumps(record) + '\n')

    def train(self):
        s = self.s
        if self.ended:
            return
        cases, at = read_cases(s['cases']), set(s['validateAt'])
        command = [*s['stream'], str(self.step), str(max(at)), str(s['steps']), *s['datasets']]
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=1 << 20) as stream:
            try:
                records = queue.Queue(maxsize=AHEAD)
                threading.Thread(target=follow, args=(stream.stdout, records), daemon=True).start()
                # The clock starts with patches at hand, as Candor's does.
                while records.empty():
                    time.sleep(0.01)
                while not self.ended:
                    loss = self.learn(records)
                    if self.step in at:
                        self.validate(cases, loss)
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
