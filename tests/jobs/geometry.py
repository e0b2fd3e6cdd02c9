"""Compares masks and probability maps with the images they belong to, as nibabel and ITK read them.

Run by hand on a folder that `candor predict --save-probabilities` wrote, with the images' files or folders:
    python geometry.py OUTPUT IMAGE_OR_FOLDER...
Needs nibabel; ITK too is asked where it is installed.
"""
import json
import pathlib
import sys

import nibabel as nib
import numpy as np

try:
    import itk
except ImportError:
    itk = None

FIELDS = ["qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"]
FIELDS += ["srow_x", "srow_y", "srow_z", "xyzt_units"]

output, *inputs = map(pathlib.Path, sys.argv[1:])
files = [f for i in inputs for f in (sorted(i.iterdir()) if i.is_dir() else [i]) if ".nii" in f.name]
checked, kinds = 0, {}
for image in files:
    case = image.name.split(".nii")[0]
    record = output / f"{case}.json"
    if not record.exists():
        continue
    a = nib.load(image)
    kind = f"qform {int(a.header['qform_code'])}, sform {int(a.header['sform_code'])}"
    kinds[kind] = kinds.get(kind, 0) + 1
    for name in filter(None, json.loads(record.read_text())["files"].values()):
        b = nib.load(output / name)
        assert b.shape == a.shape[:3], (name, a.shape, b.shape)
        assert np.array_equal(a.affine, b.affine), (name, a.affine, b.affine)
        for field in FIELDS:
            assert a.header[field].tobytes() == b.header[field].tobytes(), (name, field)
        assert a.header["pixdim"][:4].tobytes() == b.header["pixdim"][:4].tobytes(), name
        if itk is not None:
            p, q = (itk.imread(str(f), itk.F) for f in (image, output / name))
            assert np.array_equal(p.GetOrigin(), q.GetOrigin()), name
            assert np.array_equal(p.GetSpacing(), q.GetSpacing()), name
            assert np.array_equal(itk.array_from_matrix(p.GetDirection()), itk.array_from_matrix(q.GetDirection())), name
    checked += 1
assert checked > 0, "no result belongs to any image"
print(f"{checked} images equal in geometry ({'nibabel and ITK' if itk else 'nibabel'});", kinds)
