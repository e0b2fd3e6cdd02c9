#!/usr/bin/env bash
# SimpleITK 2.5.7: the same stack of probability maps, a volume a structure along a fourth axis, is a 4D image of numbers
# when read from NIfTI or MetaImage, and a 3D image of vectors when read from NRRD (`space directions: ... none`,
# `kinds: domain domain domain list`), which is how the NRRD format says that the axis holds no space.
#
# Code that takes `image[:, :, :, k]` for structure k works with two of the formats and fails with the third; numpy arrays
# come with the structures first, (k, z, y, x), from two and last, (z, y, x, k), from the third.
#
# Seen: NRRD size (3, 4, 5), 2 components, array (5, 4, 3, 2); MetaImage and NIfTI size (3, 4, 5, 2), 1 component,
# array (2, 5, 4, 3). Values agree once the axes are turned.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet simpleitk==2.5.7 numpy nibabel==5.4.2
cat > run.py <<'P'
import nibabel
import numpy as np
import SimpleITK as sitk

maps = np.arange(120, dtype='<f4').reshape(2, 5, 4, 3)
with open('maps.nrrd', 'wb') as file:
    file.write(b'NRRD0004\ntype: float\ndimension: 4\nsizes: 3 4 5 2\nspace: left-posterior-superior\n'
               b'space directions: (1,0,0) (0,1,0) (0,0,2) none\nkinds: domain domain domain list\n'
               b'space origin: (0,0,0)\nencoding: raw\nendian: little\n\n' + maps.tobytes())
with open('maps.mha', 'wb') as file:
    file.write(b'ObjectType = Image\nNDims = 4\nBinaryData = True\nBinaryDataByteOrderMSB = False\n'
               b'CompressedData = False\nOffset = 0 0 0 0\nElementSpacing = 1 1 2 1\nDimSize = 3 4 5 2\n'
               b'ElementType = MET_FLOAT\nElementDataFile = LOCAL\n' + maps.tobytes())
nibabel.save(nibabel.Nifti1Image(maps.transpose(3, 2, 1, 0), np.diag([1, 1, 2, 1])), 'maps.nii.gz')
seen = {}
for name in ('maps.nrrd', 'maps.mha', 'maps.nii.gz'):
    image = sitk.ReadImage(name)
    array = sitk.GetArrayFromImage(image)
    seen[name] = (image.GetSize(), image.GetNumberOfComponentsPerPixel(), array.shape)
    print(name, *seen[name])
    same = np.moveaxis(array, -1, 0) if array.shape[-1] == 2 else array
    assert np.array_equal(same, maps), name
assert seen['maps.nrrd'] == ((3, 4, 5), 2, (5, 4, 3, 2)), 'the behaviour has changed'
assert seen['maps.mha'] == seen['maps.nii.gz'] == ((3, 4, 5, 2), 1, (2, 5, 4, 3)), 'the behaviour has changed'
P
env/bin/python run.py
echo "as described: two shapes of one stack"
