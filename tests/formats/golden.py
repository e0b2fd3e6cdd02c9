"""Writes golden.json: NIfTI files made field by field, and what nibabel and scipy make of them.

Run with a Python that has numpy, scipy and nibabel: python3 tests/volume/golden.py
"""
import base64
import gzip
import json
import pathlib

import nibabel as nib
import numpy as np
from scipy import ndimage

rng = np.random.default_rng(20)
SHAPE = (5, 4, 3)
TYPES = {2: 'u1', 4: 'i2', 8: 'i4', 16: 'f4', 64: 'f8', 256: 'i1', 512: 'u2', 768: 'u4', 1024: 'i8', 1280: 'u8'}


def text(data):
    return base64.b64encode(data).decode()


def float32(values):
    return text(np.asarray(values, '<f4').tobytes(order='F'))


def rotation(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def affine_of(seed, spacing, flip=False):
    affine = np.eye(4)
    affine[:3, :3] = rotation(seed) @ np.diag(spacing) @ np.diag([1, 1, -1 if flip else 1])
    affine[:3, 3] = np.random.default_rng(seed).uniform(-90, 90, 3)
    return affine


def voxels(code):
    """Random voxels with the extremes of the type among them."""
    kind = np.dtype(TYPES[code])
    if kind.kind == 'f':
        data = rng.normal(scale=300, size=SHAPE).astype(kind)
        data[0, 0, 0], data[1, 2, 1] = np.nan, -np.inf
        return data
    info = np.iinfo(kind)
    data = rng.integers(info.min, info.max, size=SHAPE, dtype=kind, endpoint=True)
    data[0, 0, 0], data[4, 3, 2] = info.min, info.max
    return data


def nifti_bytes(version, order, code, geometry, scaling, shape=SHAPE, extension=False):
    """A single-file NIfTI written field by field, so that nothing is rescaled on the way."""
    header = (nib.Nifti1Header if version == 1 else nib.Nifti2Header)(endianness=order)
    header.set_data_shape(shape)
    header.set_data_dtype(np.dtype(TYPES[code]))
    header.set_zooms([1.5, 0.75, 3.25] + [1] * (len(shape) - 3))
    if geometry in ('qform', 'both'):
        header.set_qform(affine_of(code, (1.5, 0.75, 3.25), flip=version == 2), code=1)
    if geometry in ('sform', 'both'):
        header.set_sform(affine_of(code + 7, (2, 0.9, 4), flip=code % 3 == 0), code=2)
    if scaling is not None:
        header['scl_slope'], header['scl_inter'] = scaling
    header['descrip'] = b'golden'
    header['cal_max'] = 100
    offset = (352 if version == 1 else 544) + (32 if extension else 0)
    header['vox_offset'] = offset
    flag = b'\1\0\0\0' + np.array([32, 6], order + 'i4').tobytes() + b'a comment'.ljust(24, b'\0') if extension else b'\0\0\0\0'
    data = voxels(code).reshape(shape).astype(np.dtype(TYPES[code]).newbyteorder(order))
    return header.binaryblock + flag + data.tobytes(order='F')


def read(data, version):
    image = (nib.Nifti1Image if version == 1 else nib.Nifti2Image).from_bytes(data)
    with np.errstate(over='ignore', invalid='ignore'):
        return np.asarray(image.dataobj, np.float64).astype(np.float32), image.affine


files = []
index = 0
for version in (1, 2):
    for order in '<>':
        for code in TYPES:
            for geometry in ('sform', 'qform', 'both', 'none'):
                index += 1
                scaling = (None, (2.5, -10), (0, 7), (np.nan, 3))[index % 4 if index % 3 else 1]
                shape = SHAPE + ((), (1,), (1, 1))[index % 3]
                data = nifti_bytes(version, order, code, geometry, scaling, shape, extension=index % 5 == 0)
                values, affine = read(data, version)
                packed = index % 2 == (index // 4) % 2
                files.append({
                    'name': f"nifti{version} {'little' if order == '<' else 'big'} {TYPES[code]} {geometry}{' gz' if packed else ''}",
                    'file': text(gzip.compress(data, mtime=0) if packed else data),
                    'source': 'pixdim' if geometry == 'none' else 'sform' if geometry == 'both' else geometry,
                    'affine': np.round(affine, 8).ravel().tolist(),
                    'values': float32(values),
                })

refused = []
for shape, code, what in [((5, 4), 4, '2D'), ((5, 4, 1), 4, '2D'), ((5, 4, 3, 2), 4, '4D'), ((5, 4, 3, 1, 3), 4, '5D')]:
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.int16)
    header['vox_offset'] = 352
    refused.append({'found': what, 'file': text(header.binaryblock + bytes(4 + 2 * int(np.prod(shape))))})
for code, what in [(128, 'RGB24'), (2304, 'RGBA32'), (32, 'complex64'), (1792, 'complex128')]:
    header = nib.Nifti1Header()
    header.set_data_shape(SHAPE)
    header['datatype'], header['vox_offset'] = code, 352
    refused.append({'found': what, 'file': text(header.binaryblock + bytes(4 + 60 * 32))})

orientations = []
for seed in range(60):
    affine = affine_of(seed, (1, 2, 3), flip=seed % 2 == 1)
    if seed >= 40:
        affine[:3, :3] = affine[:3, :3] @ (np.eye(3) + np.random.default_rng(seed).uniform(-0.3, 0.3, (3, 3)))
    affine = np.round(affine, 6)
    image = nib.Nifti1Image(np.arange(24, dtype=np.float32).reshape((2, 3, 4), order='F'), affine)
    canonical = nib.as_closest_canonical(image)
    orientations.append({
        'affine': affine.ravel().tolist(),
        'codes': ''.join(nib.aff2axcodes(affine)),
        'size': canonical.shape,
        'canonicalAffine': canonical.affine.ravel().tolist(),
        'values': np.asarray(canonical.dataobj).ravel(order='F').astype(int).tolist(),
    })

resampled = []
for source, target in [((7, 6, 5), (9, 4, 11)), ((4, 4, 4), (8, 2, 4)), ((1, 5, 3), (4, 5, 1)), ((6, 1, 2), (6, 3, 5))]:
    data = rng.normal(size=source).astype(np.float32)
    axes = [(np.arange(m) + 0.5) * n / m - 0.5 for n, m in zip(source, target)]
    values = ndimage.map_coordinates(data.astype(np.float64), np.meshgrid(*axes, indexing='ij'), order=1, mode='nearest')
    resampled.append({'from': source, 'to': target, 'data': float32(data), 'values': float32(values)})

components = []
for shape, share in [((9, 8, 7), 0.06), ((9, 8, 7), 0.12), ((12, 1, 9), 0.3), ((1, 16, 9), 0.25), ((20, 3, 3), 0.2), ((6, 7, 8), 0.9)]:
    mask = rng.random(shape) < share
    labels, n = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(order='F'), minlength=n + 1)
    sizes[0] = 0
    # Of equals, the one that comes first in memory (x fastest).
    flat = labels.ravel(order='F')
    first = {label: int(np.argmax(flat == label)) for label in range(1, n + 1)}
    best = min((label for label in first if sizes[label] == sizes.max()), key=first.get)
    components.append({
        'size': shape,
        'components': n,
        'mask': mask.ravel(order='F').astype(int).tolist(),
        'largest': (flat == best).astype(int).tolist(),
    })

golden = {'files': files, 'refused': refused, 'orientations': orientations, 'resampled': resampled, 'components': components}
path = pathlib.Path(__file__).with_name('golden.json')
path.write_text(json.dumps(golden, separators=(',', ':')))
print(path.stat().st_size, 'bytes,', len(files), 'files')
