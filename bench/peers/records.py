"""Reads the records that patches.mjs writes, held-out cases and batches, as tensors."""
import json
import struct

import numpy as np
import torch


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
