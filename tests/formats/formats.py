"""Writes formats.json: NRRD, MetaImage and NIfTI-pair files as ITK, nibabel and the formats' definitions make them.

Run with a Python that has numpy, nibabel and itk: python3 tests/formats/formats.py
Voxels and affines are those that went in; before a file is kept, ITK (or nibabel) is asked to read the same from it.

With a folder as argument, it instead reads what Candor wrote there and compares it with the image beside it:
python3 tests/formats/formats.py FOLDER, where FOLDER holds pairs IMAGE -> RESULT listed in pairs.json as
[[image, result, kind], ...], kind being "mask" or "map". Size, origin, spacing and direction must agree.
"""
import base64
import gzip
import json
import pathlib
import sys
import tempfile
import zlib

import itk
import nibabel as nib
import numpy as np

HERE = pathlib.Path(__file__).parent
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SIZE = (7, 5, 3)
SPACING = np.array([0.7, 1.3, 2.9])
ORIGIN = np.array([10.5, -20.25, 30.125])
rng = np.random.default_rng(31)


def rotation(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q


def lps_affine(direction):
    affine = np.eye(4)
    affine[:3, :3] = direction * SPACING
    affine[:3, 3] = ORIGIN
    return affine


def voxels(dtype):
    """Random voxels with the extremes of the type among them, indexed z, y, x."""
    kind = np.dtype(dtype)
    if kind.kind == 'f':
        return rng.normal(scale=300, size=SIZE[::-1]).astype(kind)
    info = np.iinfo(kind)
    data = rng.integers(info.min, info.max, size=SIZE[::-1], dtype=kind.newbyteorder('='), endpoint=True).astype(kind)
    data[0, 0, 0], data[-1, -1, -1] = info.min, info.max
    return data


def text(data):
    return base64.b64encode(bytes(data)).decode()


def itk_read(path):
    image = itk.imread(str(path))
    direction = itk.array_from_matrix(image.GetDirection())
    affine = np.eye(4)
    affine[:3, :3] = direction * np.array(image.GetSpacing())
    affine[:3, 3] = np.array(image.GetOrigin())
    return itk.array_from_image(image), LPS @ affine, image


def folder_files(folder):
    return {path.name: text(path.read_bytes()) for path in sorted(folder.iterdir())}


def golden(name, files, first, data, affine, check=True):
    """An entry, after ITK has read the same voxels (exactly) and affine from it."""
    if check:
        with tempfile.TemporaryDirectory() as folder:
            for file, content in files.items():
                (pathlib.Path(folder) / file).write_bytes(base64.b64decode(content))
            found, found_affine, _ = itk_read(pathlib.Path(folder) / first)
            assert np.array_equal(found, data), name
            assert np.allclose(found_affine, affine, atol=1e-9), (name, found_affine, affine)
    values = np.asarray(data, '<f4').tobytes()
    return {'name': name, 'files': files, 'open': first, 'affine': np.asarray(affine).ravel().tolist(), 'values': text(values)}


def made_by_itk():
    cases = []
    types = ['uint8', 'int16', 'uint16', 'int32', 'uint32', 'float32', 'float64']
    for i, dtype in enumerate(types):
        for ending in ('nrrd', 'nhdr', 'mha', 'mhd'):
            for compressed in (False, True):
                # Every type in both formats, attached and detached, raw and packed in turn.
                if (i + compressed + (ending in ('nhdr', 'mhd'))) % 2:
                    continue
                data = voxels(dtype)
                # Proper rotations and reflections alike.
                direction = rotation(i)
                image = itk.image_from_array(data)
                image.SetSpacing(SPACING.tolist())
                image.SetOrigin(ORIGIN.tolist())
                image.SetDirection(itk.matrix_from_array(direction))
                with tempfile.TemporaryDirectory() as folder:
                    first = f'scan.{ending}'
                    itk.imwrite(image, str(pathlib.Path(folder) / first), compression=compressed)
                    name = f'{ending}, {dtype}, {"compressed" if compressed else "raw"}'
                    cases.append(golden(name, folder_files(pathlib.Path(folder)), first, data, LPS @ lps_affine(direction)))
    return cases


def vector(values):
    return '(' + ','.join(repr(float(v)) for v in values) + ')'


def nrrd(data, type_name, space, matrix, origin, extra='', encoding='raw', endian='big', payload=None):
    lines = ['NRRD0004', '# made by hand', f'type: {type_name}', 'dimension: 3']
    if space:
        lines += [f'space: {space}', 'space directions: ' + ' '.join(vector(matrix[:, i]) for i in range(3))]
        lines += [f'space origin: {vector(origin)}']
    lines += ['sizes: 7 5 3', f'encoding: {encoding}', f'endian: {endian}', 'note:=7: of 9', *filter(None, [extra])]
    return ('\n'.join(lines) + '\n\n').encode() + (data.tobytes() if payload is None else payload)


def made_by_hand():
    cases = []
    direction = rotation(40)
    matrix = direction * SPACING
    ras = LPS @ lps_affine(direction)
    flip = {'left-posterior-superior': [1, 1, 1], 'right-anterior-superior': [-1, -1, 1], 'RAS': [-1, -1, 1]}
    for space, signs in flip.items():
        data = voxels('>i2')
        signs = np.array(signs)
        content = nrrd(data, 'short', space, signs[:, None] * matrix, signs * ORIGIN)
        cases.append(golden(f'nrrd, big-endian, {space}', {'scan.nrrd': text(content)}, 'scan.nrrd', data, ras))
    data = voxels('>f8')
    content = nrrd(data, 'double', 'LPS', matrix, ORIGIN, encoding='gzip', payload=gzip.compress(data.tobytes(), mtime=0))
    cases.append(golden('nrrd, big-endian, gzip', {'scan.nrrd': text(content)}, 'scan.nrrd', data, ras))
    data = voxels('<i4')
    ascii_ = '\n'.join(' '.join(map(str, row)) for row in data.reshape(-1, 7)).encode()
    content = nrrd(data, 'int', 'LPS', matrix, ORIGIN, encoding='ascii', endian='little', payload=ascii_)
    cases.append(golden('nrrd, ascii', {'scan.nrrd': text(content)}, 'scan.nrrd', data, ras))
    data = voxels('<u2')
    content = nrrd(data, 'ushort', 'LPS', matrix, ORIGIN, extra='byte skip: 11', endian='little', payload=b'?' * 11 + data.tobytes())
    cases.append(golden('nrrd, byte skip', {'scan.nrrd': text(content)}, 'scan.nrrd', data, ras))
    shear = matrix.copy()
    shear[0, 2] += 0.4
    data = voxels('<u2')
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = shear, ORIGIN
    content = nrrd(data, 'uint16', 'LPS', shear, ORIGIN, endian='little')
    cases.append(golden('nrrd, sheared', {'scan.nrrd': text(content)}, 'scan.nrrd', data, LPS @ affine))
    data = voxels('<u2')
    content = nrrd(data, 'uint16', '', shear, ORIGIN, extra='spacings: 0.7 1.3 2.9', endian='little')
    plain = lps_affine(np.eye(3))
    plain[:3, 3] = 0
    cases.append(golden('nrrd, spacings alone', {'scan.nrrd': text(content)}, 'scan.nrrd', data, LPS @ plain))

    def meta(element, data_file, extra=()):
        numbers = lambda values: ' '.join(repr(float(v)) for v in values)
        lines = ['ObjectType = Image', 'NDims = 3', 'BinaryData = True', f'TransformMatrix = {numbers(direction.T.ravel())}']
        lines += [f'Offset = {numbers(ORIGIN)}', f'ElementSpacing = {numbers(SPACING)}', 'DimSize = 7 5 3', *extra]
        return ('\n'.join([*lines, f'ElementType = {element}', f'ElementDataFile = {data_file}']) + '\n').encode()

    data = voxels('>i2')
    content = meta('MET_SHORT', 'LOCAL', ['BinaryDataByteOrderMSB = True']) + data.tobytes()
    cases.append(golden('mha, big-endian', {'scan.mha': text(content)}, 'scan.mha', data, ras))
    data = voxels('>f4')
    packed = zlib.compress(data.tobytes())
    extra = ['BinaryDataByteOrderMSB = True', 'CompressedData = True', f'CompressedDataSize = {len(packed)}']
    files = {'scan.mhd': text(meta('MET_FLOAT', 'voxels.zraw', extra)), 'voxels.zraw': text(packed)}
    cases.append(golden('mhd, big-endian, compressed', files, 'scan.mhd', data, ras))
    data = voxels('<u2')
    files = {'scan.mhd': text(meta('MET_USHORT', 'voxels.raw', ['HeaderSize = -1'])), 'voxels.raw': text(b'?' * 9 + data.tobytes())}
    cases.append(golden('mhd, header size -1', files, 'scan.mhd', data, ras))
    # Types that ITK's Python module lacks.
    for dtype, nrrd_type, meta_type in [('>i8', 'int64', 'MET_LONG_LONG'), ('>u8', 'uint64', 'MET_ULONG_LONG'), ('>i1', 'signed char', 'MET_CHAR')]:
        data = voxels(dtype)
        content = nrrd(data, nrrd_type, 'LPS', matrix, ORIGIN)
        cases.append(golden(f'nrrd, {nrrd_type}', {'scan.nrrd': text(content)}, 'scan.nrrd', data, ras, check=False))
        content = meta(meta_type, 'LOCAL', ['BinaryDataByteOrderMSB = True']) + data.tobytes()
        cases.append(golden(f'mha, {meta_type}', {'scan.mha': text(content)}, 'scan.mha', data, ras, check=False))
    return cases


def pairs():
    cases = []
    for kind, order, ending, dtype in [
        (nib.Nifti1Pair, '<', '.img', 'i2'),
        (nib.Nifti1Pair, '>', '.img', 'f4'),
        (nib.Nifti1Pair, '<', '.img.gz', 'u1'),
        (nib.Nifti2Pair, '>', '.img', 'f8'),
    ]:
        data = voxels(order + dtype)
        header = kind.header_class(endianness=order)
        header.set_data_dtype(np.dtype(order + dtype))
        affine = LPS @ lps_affine(rotation(50))
        image = kind(data.T, affine, header)
        image.header.set_slope_inter(1, 0)
        with tempfile.TemporaryDirectory() as folder:
            nib.save(image, str(pathlib.Path(folder) / f'scan{ending}'))
            files = folder_files(pathlib.Path(folder))
            back = nib.load(str(pathlib.Path(folder) / f'scan{ending}'))
            assert np.array_equal(np.asarray(back.dataobj), data.T)
            name = f'{kind.__name__}, {order}{dtype}, {ending}'
            first = next(file for file in files if '.hdr' in file)
            cases.append({**golden(name, files, first, data, back.affine, check=False), 'pair': True})
    return cases


def refused():
    data = voxels('<i2')
    hand = nrrd(data, 'short', 'LPS', np.diag(SPACING), ORIGIN, endian='little')
    # Eight bytes of the stream lost to others; its length stays.
    packed = bytearray(gzip.compress(data.tobytes(), mtime=0))
    packed[100:108] = b'damaged!'
    damaged = nrrd(data, 'short', 'LPS', np.diag(SPACING), ORIGIN, encoding='gzip', endian='little', payload=bytes(packed))
    replace = lambda a, b: {'scan.nrrd': text(hand.replace(a, b))}
    meta = b'ObjectType = Image\nNDims = 3\nDimSize = 7 5 3\nElementType = MET_SHORT\nElementDataFile = LOCAL\n' + data.tobytes()
    other = lambda a, b: {'scan.mha': text(meta.replace(a, b))}
    analyze = nib.AnalyzeImage(data.T.astype('<i2'), np.eye(4))
    with tempfile.TemporaryDirectory() as folder:
        nib.save(analyze, str(pathlib.Path(folder) / 'scan.img'))
        analyze_files = folder_files(pathlib.Path(folder))
    rows = [
        ('truncated', 'scan.nrrd', {'scan.nrrd': text(hand[:-1])}, 'ImageFormatError', 'the file is truncated'),
        ('foreign', 'scan.nrrd', {'scan.nrrd': text(b'hello')}, 'ImageFormatError', 'begins with "hello"'),
        ('empty', 'scan.nrrd', {'scan.nrrd': ''}, 'ImageFormatError', 'expected a NRRD image'),
        ('absurd size', 'scan.nrrd', replace(b'sizes: 7 5 3', b'sizes: 70000 50000 30000'), 'UnsupportedError', 'at most'),
        ('large size', 'scan.nrrd', replace(b'sizes: 7 5 3', b'sizes: 700 500 300'), 'ImageFormatError', 'the file is truncated'),
        ('negative size', 'scan.nrrd', replace(b'sizes: 7 5 3', b'sizes: 7 -5 3'), 'ImageFormatError', 'positive dimensions'),
        ('sizes missing', 'scan.nrrd', replace(b'sizes: 7 5 3', b'sizes: 7 5'), 'ImageFormatError', 'as many sizes'),
        ('2D', 'scan.nrrd', {'scan.nrrd': text(hand.replace(b'dimension: 3', b'dimension: 2').replace(b'sizes: 7 5 3', b'sizes: 35 3'))}, 'UnsupportedError', 'found 2D'),
        ('4D', 'scan.nrrd', {'scan.nrrd': text(hand.replace(b'dimension: 3', b'dimension: 4').replace(b'sizes: 7 5 3', b'sizes: 7 5 1 3'))}, 'UnsupportedError', 'found 4D'),
        ('type', 'scan.nrrd', replace(b'type: short', b'type: quaternion'), 'ImageFormatError', 'NRRD number type'),
        ('encoding', 'scan.nrrd', replace(b'encoding: raw', b'encoding: bzip2'), 'UnsupportedError', 'bzip2'),
        ('space', 'scan.nrrd', replace(b'space: LPS', b'space: scanner-xyz'), 'GeometryError', 'scanner-xyz'),
        ('singular', 'scan.nrrd', replace(b'(0.7,0.0,0.0)', b'(0.0,1.0,0.0)'), 'GeometryError', 'two axes point the same way'),
        ('other space', 'scan.nrrd', replace(b'space: LPS', b'space: LAS'), 'GeometryError', 'found "las"'),
        ('damaged gzip', 'scan.nrrd', {'scan.nrrd': text(damaged)}, 'ImageFormatError', 'a damaged stream'),
        ('escaping', 'scan.nhdr', {'scan.nhdr': text(hand.replace(b'endian', b'data file: ../../secret.raw\nendian', 1))}, 'UnsupportedError', 'beside the header'),
        ('absolute', 'scan.nhdr', {'scan.nhdr': text(hand.replace(b'endian', b'data file: /etc/passwd\nendian', 1))}, 'UnsupportedError', 'beside the header'),
        ('missing data', 'scan.nhdr', {'scan.nhdr': text(hand.replace(b'endian', b'data file: other.raw\nendian', 1))}, 'ImageFormatError', 'no such file'),
        ('list of data', 'scan.nhdr', {'scan.nhdr': text(hand.replace(b'endian', b'data file: LIST\nendian', 1))}, 'UnsupportedError', 'in one file'),
        ('pattern of data', 'scan.nhdr', {'scan.nhdr': text(hand.replace(b'endian', b'data file: s%03d.raw 1 3 1\nendian', 1))}, 'UnsupportedError', 'in one file'),
        ('truncated', 'scan.mha', {'scan.mha': text(meta[:-1])}, 'ImageFormatError', 'the file is truncated'),
        ('foreign', 'scan.mha', {'scan.mha': text(b'hello')}, 'ImageFormatError', 'begins with "hello"'),
        ('no data file', 'scan.mha', other(b'ElementDataFile', b'Somewhere'), 'ImageFormatError', 'no ElementDataFile'),
        ('channels', 'scan.mha', other(b'NDims', b'ElementNumberOfChannels = 3\nNDims'), 'UnsupportedError', '3 channels'),
        ('type', 'scan.mha', other(b'MET_SHORT', b'MET_OTHER'), 'ImageFormatError', 'MET_OTHER'),
        ('absurd size', 'scan.mha', other(b'DimSize = 7 5 3', b'DimSize = 99999 99999 9'), 'UnsupportedError', 'at most'),
        ('missing data', 'scan.mhd', {'scan.mhd': text(meta.replace(b'LOCAL', b'a.raw'))}, 'ImageFormatError', 'no such file'),
        ('ANALYZE', 'scan.hdr', analyze_files, 'UnsupportedError', 'ANALYZE 7.5'),
        ('voxels missing', 'scan.hdr', {'scan.hdr': analyze_files['scan.hdr']}, 'ImageFormatError', 'the other half'),
    ]
    keys = ('name', 'open', 'files', 'tag', 'message')
    return [dict(zip(keys, row)) for row in rows]


def compare(folder):
    """Files that Candor wrote, against the images they belong to, as ITK and nibabel read both."""
    for image, result, kind in json.loads((folder / 'pairs.json').read_text()):
        _, affine, source = itk_read(folder / image)
        values, found, target = itk_read(folder / result)
        assert source.GetLargestPossibleRegion().GetSize() == target.GetLargestPossibleRegion().GetSize(), result
        for part in ('GetOrigin', 'GetSpacing'):
            assert np.allclose(getattr(source, part)(), getattr(target, part)(), atol=1e-5), (result, part)
        worst = np.abs(affine - found).max()
        assert worst < 1e-5, (result, affine, found)
        assert kind == 'map' or set(np.unique(values)) <= {0, 1}
        meta = {k: target[k] for k in target.keys() if str(k).startswith('Segment')} if hasattr(target, 'keys') else {}
        if result.endswith('.nii.gz'):
            mine = nib.load(folder / result)
            assert np.array_equal(np.asarray(mine.dataobj).T, values)
            meta = [(e.get_code(), bytes(e.get_content()) if isinstance(e.get_content(), bytes) else e.get_content()) for e in mine.header.extensions]
            if image.endswith(('.nii.gz', '.nii', '.hdr', '.img')):
                theirs = nib.load(folder / image).header
                for field in ('dim', 'pixdim', 'srow_x', 'srow_y', 'srow_z', 'quatern_b', 'quatern_c', 'quatern_d', 'qform_code', 'sform_code', 'qoffset_x', 'qoffset_y', 'qoffset_z'):
                    assert theirs[field].tobytes() == mine.header[field].tobytes(), (result, field)
            assert kind == 'map' or int(mine.header['intent_code']) == 1002
        print(result, values.dtype, values.shape, f'{worst:.1e}', int((values > 0).sum()), meta)


if len(sys.argv) > 1:
    compare(pathlib.Path(sys.argv[1]))
else:
    out = {'files': made_by_itk() + made_by_hand() + pairs(), 'refused': refused()}
    (HERE / 'formats.json').write_text(json.dumps(out))
    print(len(out['files']), 'files')
