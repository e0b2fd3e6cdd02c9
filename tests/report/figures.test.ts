import { unzlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { sumBins } from '../../src/calibration/reliability.js';
import { UsageError } from '../../src/errors.js';
import { renderOutlines, renderProbability } from '../../src/report/case-picture.js';
import { contourPath } from '../../src/report/contour.js';
import type { Html } from '../../src/report/html.js';
import { encodePng, pngDataUri } from '../../src/report/png.js';
import { renderBinTable, renderReliabilityDiagram } from '../../src/report/reliability-diagram.js';
import { renderScorePlot } from '../../src/report/score-plot.js';
import { linearScale, symlogScale } from '../../src/report/svg.js';

/** What a page would hold. */
const text = (html: Html | null) => String(html);
const occurrences = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

/** Chunks of a PNG; pixels with the row filters None and Up undone. */
function decodePng(png: Uint8Array) {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  const chunks: Record<string, Uint8Array> = {};
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    chunks[type] = png.subarray(at + 8, at + 8 + view.getUint32(at));
  }
  const header = new DataView(chunks.IHDR.buffer, chunks.IHDR.byteOffset);
  const [width, height] = [header.getUint32(0), header.getUint32(4)];
  const channels = header.getUint8(9) === 2 ? 3 : 1;
  const rows = unzlibSync(chunks.IDAT);
  const stride = width * channels;
  const pixels = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < stride; i++) {
      const above = rows[y * (stride + 1)] === 2 && y > 0 ? pixels[(y - 1) * stride + i] : 0;
      pixels[y * stride + i] = rows[y * (stride + 1) + 1 + i] + above;
    }
  }
  return { width, height, pixels, types: Object.keys(chunks) };
}

describe('PNG', () => {
  it('holds the pixels that went in, grey and colour', () => {
    for (const channels of [1, 3] as const) {
      const pixels = Uint8Array.from({ length: 7 * 5 * channels }, (_, i) => (i * 37 + (i >> 3) * 101) % 256);
      expect(decodePng(encodePng(7, 5, pixels, channels))).toEqual({
        width: 7,
        height: 5,
        pixels,
        types: ['IHDR', 'IDAT', 'IEND'],
      });
    }
  });

  it('is the smallest valid file known: signature and CRC of IEND as in the specification', () => {
    const png = encodePng(1, 1, Uint8Array.of(128));
    expect([...png.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect([...png.subarray(-8)]).toEqual([73, 69, 78, 68, 0xae, 0x42, 0x60, 0x82]);
    expect(Buffer.from(pngDataUri(png).split(',')[1], 'base64').equals(Buffer.from(png))).toBe(true);
  });

  it('refuses a wrong number of pixels', () => {
    expect(() => encodePng(2, 2, new Uint8Array(5))).toThrow(UsageError);
    expect(() => encodePng(0, 0, new Uint8Array(0))).toThrow(UsageError);
  });
});

describe('contours', () => {
  /** Shoelace area of all loops together, holes counted negatively. */
  const area = (path: string) =>
    path
      .split('M')
      .slice(1)
      .map((loop) =>
        loop
          .slice(0, -1)
          .split('L')
          .map((p) => p.split(' ').map(Number)),
      )
      .reduce((sum, p) => {
        const cross = p.map(([x, y], i) => x * p[(i + 1) % p.length][1] - y * p[(i + 1) % p.length][0]);
        return sum + cross.reduce((s, c) => s + c, 0) / 2;
      }, 0);

  it('cuts the corners of a box, each by an eighth of a pixel', () => {
    const mask = new Uint8Array(36);
    for (let y = 1; y < 4; y++) for (let x = 1; x < 5; x++) mask[y * 6 + x] = 1;
    const path = contourPath(mask, 6, 6);
    expect(occurrences(path, /M/g)).toBe(1);
    expect(area(path)).toBeCloseTo(12 - 4 / 8, 9);
    expect(area(contourPath(mask, 6, 6, [2, 0.5]))).toBeCloseTo(12 - 4 / 8, 9);
  });

  it('follows holes and masks that touch the border or each other by a corner', () => {
    const ring = Uint8Array.from([1, 1, 1, 1, 0, 1, 1, 1, 1]);
    expect(occurrences(contourPath(ring, 3, 3), /M/g)).toBe(2);
    expect(area(contourPath(ring, 3, 3))).toBeCloseTo(8 - 4 / 8 + 4 / 8, 9);
    expect(Math.abs(area(contourPath(Uint8Array.of(1, 0, 0, 1), 2, 2)))).toBeGreaterThan(0.9);
    expect(contourPath(new Uint8Array(9), 3, 3)).toBe('');
  });
});

describe('scales', () => {
  it('tick at round numbers within the domain', () => {
    expect(linearScale([0, 1], [0, 100]).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearScale([0, 1], [0, 100])(0.25)).toBe(25);
    expect(linearScale([3, 3], [0, 10])(3)).toBe(5);
    const scale = symlogScale([-3, 2000], [0, 500], 1);
    expect(scale.ticks).toContain(0);
    expect(scale.ticks).toContain(1000);
    expect(scale(2000)).toBeCloseTo(500, 9);
    const gaps = scale.ticks.slice(1).map((t, i) => scale(t) - scale(scale.ticks[i]));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(40);
  });
});

describe('reliability diagram', () => {
  it('has a dot and a bar for every bin that holds voxels, before and after', () => {
    const before = sumBins(Float32Array.of(0.05, 0.5, 0.95), Uint8Array.of(0, 1, 1), { bins: 10 });
    const after = sumBins(Float32Array.of(0.15, 0.16), Uint8Array.of(0, 1), { bins: 10 });
    const svg = text(renderReliabilityDiagram(before, after, 'a <b>'));
    expect(occurrences(svg, /<circle class="bin before"/g)).toBe(3);
    expect(occurrences(svg, /<circle class="bin after"/g)).toBe(1);
    expect(occurrences(svg, /<rect class="count before"/g)).toBe(3);
    expect(occurrences(svg, /<rect class="count after"/g)).toBe(1);
    expect(svg).toContain('observed 0.500, 2 voxels');
    expect(svg).toContain('a &lt;b&gt;');
    const table = text(renderBinTable(before, after, 'a <b>'));
    expect(occurrences(table, /<tr>/g)).toBe(1 + 10);
    expect(table).toContain('<th scope="row">0.10 to 0.20</th><td class="number">0</td><td class="number">–</td>');
    expect(table).toContain('<td class="number">2</td><td class="number">0.155</td><td class="number">0.500</td>');
  });
});

describe('score plot', () => {
  const points = [0.1, 0.4, 900, Number.POSITIVE_INFINITY].map((value, i) => ({
    name: `case ${i}`,
    value,
    marked: value > 1,
  }));
  const options = {
    sections: [
      {
        title: 'Sets',
        rows: [
          { label: 'a', points },
          { label: 'b', points: points.slice(0, 1) },
        ],
      },
    ],
    axisTitle: 'score',
    description: 'scores',
  };

  it('draws one dot an image, filled where marked, infinities in a column of their own', () => {
    const svg = text(renderScorePlot({ ...options, threshold: { value: 1, text: 'alpha 0.05' } }));
    expect(occurrences(svg, /<circle/g)).toBe(5);
    expect(occurrences(svg, /class="dot marked"/g)).toBe(2);
    const xs = [...svg.matchAll(/cx="([\d.]+)"/g)].map((m) => Number(m[1]));
    expect(Math.max(...xs)).toBe(xs[3]);
    expect(xs.every((x, i) => i === 3 || x < xs[3] - 20)).toBe(true);
    expect(svg).toContain('>∞</text>');
    expect(svg).toContain('class="threshold"');
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(
      text(renderScorePlot({ ...options, sections: [{ title: '', rows: [{ label: 'b', points: [] }] }] })),
    ).not.toMatch(/NaN/);
  });
});

describe('case picture', () => {
  const picture = {
    width: 4,
    height: 3,
    spacing: [1, 2.5] as const,
    image: Uint8Array.from({ length: 12 }, (_, i) => i * 20),
    reference: Uint8Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0),
    prediction: new Uint8Array(12),
  };

  it('shows the slice in true proportions, with an outline for each mask that is not empty', () => {
    const svg = text(renderOutlines(picture, { description: 'a slice' }));
    expect(svg).toContain('viewBox="0 0 4 7.5"');
    expect(occurrences(svg, /class="reference"/g)).toBe(1);
    expect(occurrences(svg, /class="prediction"/g)).toBe(0);
    const base64 = /base64,([^"]+)"/.exec(svg)![1];
    expect(decodePng(new Uint8Array(Buffer.from(base64, 'base64'))).pixels).toEqual(picture.image);
    expect(renderProbability(picture, { description: 'x' })).toBeNull();
    const tinted = text(renderProbability({ ...picture, probability: picture.image }, { description: 'x' }));
    expect(occurrences(tinted, /<svg[^>]*aria-label="x"/g)).toBe(1);
  });

  it('averages pixels until it fits its limit, and is left out where it cannot', () => {
    const [width, height] = [66, 50];
    const image = Uint8Array.from({ length: width * height }, (_, i) =>
      Math.floor((Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1) * 256),
    );
    const mask = Uint8Array.from(image, (_, i) => (i % width > 20 && i % width < 40 ? 1 : 0));
    const noise = { width, height, spacing: [1, 1] as const, image, reference: mask, prediction: mask };
    const pixelsOf = (svg: string) => decodePng(new Uint8Array(Buffer.from(/base64,([^"]+)"/.exec(svg)![1], 'base64')));
    const small = text(renderOutlines(noise, { description: 'x', limit: 2500 }));
    expect(small.length).toBeLessThan(2500);
    // 66 columns in blocks of 2, 3 or 4: the view still ends where the slice does.
    const { width: columns, height: rows, pixels } = pixelsOf(small);
    const factor = Math.round(width / columns);
    expect([columns, rows]).toEqual([Math.ceil(width / factor), Math.ceil(height / factor)]);
    expect(factor).toBeGreaterThan(1);
    const block = [0, 1, 2, 3]
      .slice(0, factor)
      .flatMap((y) => [0, 1, 2, 3].slice(0, factor).map((x) => image[y * width + x]));
    expect(pixels[0]).toBe(Math.round(block.reduce((sum, v) => sum + v, 0) / block.length));
    expect(small).toContain('viewBox="0 0 66 50"');
    expect(occurrences(small, /class="(reference|prediction)"/g)).toBe(2);
    expect(renderOutlines(noise, { description: 'x', limit: 300 })).toBeNull();
  });
});
