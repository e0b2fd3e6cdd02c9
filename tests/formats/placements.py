"""Writes placements.json: NIfTI headers with where nibabel and where ITK place their images.

Run with a Python that has numpy, nibabel and SimpleITK: python3 tests/formats/placements.py
Affines are RAS in millimetres; nibabel's are in the header's unit, which its own programs take for millimetres. ITK's is
null where it refuses the file.
"""
import base64
import json
import pathlib
import struct
import tempfile

import nibabel as nib
import numpy as np
import SimpleITK as sitk

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
rng = np.random.default_rng(7)


def affine(spacing, turn, flip, shear=0.0, offset=(3, -8, 21)):
    q, _ = np.linalg.qr(np.random.default_rng(turn).normal(size=(3, 3))) if turn else (np.eye(3), None)
    if flip != (np.linalg.det(q) < 0):
        q[:, 0] *= -1
    out = np.eye(4)
    out[:3, :3] = (q + np.array([[0, shear, 0], [0, 0, 0], [0, 0, 0]])) * np.array(spacing)
    out[:3, 3] = offset
    return out


def itk(path):
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        return None
    out = np.eye(4)
    out[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    out[:3, 3] = image.GetOrigin()
    return (LPS @ out).ravel().tolist()


cases = []
sitk.ProcessObject.SetGlobalWarningDisplay(False)
base = affine((1, 1.5, 2), 5, False)
others = {
    'the same': base,
    'flipped': affine((1, 1.5, 2), 5, True),
    'turned': affine((1, 1.5, 2), 6, False),
    'coarser': affine((2, 2, 5), 5, False),
    'moved': affine((1, 1.5, 2), 5, False, offset=(5, -8, 21)),
    'a little moved': affine((1, 1.5, 2), 5, False, offset=(3.00001, -8, 21)),
    'default': np.eye(4),
}
for name, other in others.items():
    for codes in ((1, 1), (2, 1), (4, 1), (1, 0), (0, 1), (0, 0), (2, 2)):
        for unit in ('mm', 'micron') if codes in ((1, 1), (0, 0)) else ('mm',):
            image = nib.Nifti1Image(np.zeros((4, 3, 5), np.uint8), base)
            image.header.set_xyzt_units(unit)
            image.set_sform(base, 1)
            # Sets pixdim, too.
            image.set_qform(other, 1)
            cases.append((f'sform {codes[0]}, qform {codes[1]} {name}, {unit}', image, codes))
for codes in ((1, 0), (1, 1), (2, 0)):
    sheared = affine((1, 1.5, 2), 5, False, shear=0.3)
    image = nib.Nifti1Image(np.zeros((4, 3, 5), np.uint8), sheared)
    image.set_sform(sheared, 1)
    image.set_qform(base, 1)
    cases.append((f'sform {codes[0]} sheared, qform {codes[1]}', image, codes))

rows = []
with tempfile.TemporaryDirectory() as folder:
    for name, image, (sform, qform) in cases:
        path = pathlib.Path(folder) / 'image.nii'
        nib.save(image, path)
        # nibabel would make the header agree with itself.
        data = bytearray(path.read_bytes())
        struct.pack_into('<hh', data, 252, qform, sform)
        path.write_bytes(data)
        rows.append({
            'name': name,
            'header': base64.b64encode(data[:348]).decode(),
            'nibabel': nib.load(path).affine.ravel().tolist(),
            'itk': itk(path),
        })
out = pathlib.Path(__file__).with_name('placements.json')
out.write_text(json.dumps({'simpleitk': sitk.Version_VersionString(), 'nibabel': nib.__version__, 'rows': rows}))
print(len(rows), 'headers,', sum(row['itk'] is None for row in rows), 'refused by ITK')
