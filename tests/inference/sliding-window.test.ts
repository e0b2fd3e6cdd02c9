import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/errors.js';
import { BACKGROUND_LOGIT, slidingWindow } from '../../src/inference/sliding-window.js';
import { createRandom } from '../../src/math/random.js';
import { count, type Vec3 } from '../../src/math/vector.js';
import { placeWindows } from '../../src/preprocessing/windows.js';

const sizes: Vec3[] = [
  [7, 11, 5],
  [16, 16, 16],
  [1, 9, 20],
  [33, 4, 12],
];
const patches: Vec3[] = [
  [4, 4, 4],
  [8, 6, 4],
  [16, 16, 16],
  [1, 2, 3],
  [5, 12, 32],
];
const overlaps = [0, 0.25, 0.5, 0.6, 0.9];
const cases = sizes.flatMap((size) =>
  patches.flatMap((patch) =>
    overlaps.map((overlap) => {
      const name = `${size.join('x')}, patch ${patch.join('x')}, overlap ${overlap}`;
      return { name, size, patch, overlap };
    }),
  ),
);

function imageOf(size: Vec3) {
  const random = createRandom('window', ...size);
  const data = Float32Array.from({ length: count(size) }, () => random.normal());
  return { data, size, minimum: data.reduce((a, b) => Math.min(a, b)) };
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);

describe(`slidingWindow, ${cases.length} combinations of image, patch and overlap`, () => {
  it.each(cases)('$name', async ({ size, patch, overlap }) => {
    const image = imageOf(size);
    let windows = 0;
    const run = (predict: (window: Float32Array) => Float32Array) =>
      slidingWindow(image, { patch, overlap }, async (window) => {
        windows++;
        expect(window.length).toBe(count(patch));
        return predict(window);
      });
    // What goes in comes out.
    const identity = await run((window) => window);
    expect(largestDifference(identity, image.data)).toBeLessThan(1e-6);
    expect(windows).toBe(placeWindows(size, patch, overlap).length);
    // Twice the image, exactly: doubling loses no bit, so neither may the blending.
    expect(await run((window) => window.map((value) => 2 * value))).toEqual(identity.map((value) => 2 * value));
    // A constant leaves no seams.
    const constant = await run((window) => window.fill(0.7));
    expect(
      largestDifference(
        constant,
        constant.map(() => 0.7),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('slidingWindow', () => {
  it('shows windows that reach over the border the image’s minimum there', async () => {
    const image = { data: Float32Array.from({ length: 27 }, (_, i) => 10 + i), size: [3, 3, 3] as Vec3, minimum: -5 };
    const seen: Float32Array[] = [];
    await slidingWindow(image, { patch: [5, 3, 4], overlap: 0.5 }, async (window) => {
      seen.push(window.slice());
      return window;
    });
    expect(seen.length).toBe(1);
    const inside = Array.from(seen[0]).filter((value) => value !== -5);
    expect(inside).toEqual([...image.data]);
    expect(seen[0].length - inside.length).toBe(60 - 27);
    // Centred: one column to the left of the image, one to its right.
    expect([...seen[0].subarray(15, 20)]).toEqual([-5, 10, 11, 12, -5]);
  });

  it('trusts the middle of a window more than its border', async () => {
    const image = { data: Float32Array.from({ length: 12 }, (_, i) => i), size: [12, 1, 1] as Vec3, minimum: 0 };
    let calls = 0;
    const result = await slidingWindow(image, { patch: [8, 1, 1], overlap: 0.5 }, async (window) => {
      calls++;
      return window.fill(calls === 1 ? 0 : 1);
    });
    expect(calls).toBe(2);
    // Windows 0-7 and 4-11: 0 before, 1 after, and between them a rise by the ratio of two Gaussians of sd 1.
    const rise = [4, 5, 6, 7].map((x) => {
      const [first, second] = [3.5, 7.5].map((centre) => Math.exp(-0.5 * (x - centre) ** 2));
      return second / (first + second);
    });
    expect(largestDifference(result, Float32Array.of(0, 0, 0, 0, ...rise, 1, 1, 1, 1))).toBeLessThan(1e-6);
  });

  it('takes windows in which all voxels are alike as background, unless told to run them', async () => {
    // Windows at 0, 4, .. 12: only the last two see the voxels that differ, one by less than rounding.
    const data = new Float32Array(20).fill(-2);
    data.set([-2 + 1e-7, 3], 17);
    const image = { data, size: [20, 1, 1] as Vec3, minimum: -2 };
    const run = async (options: { runConstant?: boolean }) => {
      const seen: number[] = [];
      const result = await slidingWindow(
        image,
        { patch: [8, 1, 1], overlap: 0.5, ...options },
        async (window, index) => {
          seen.push(index);
          return window.fill(1);
        },
      );
      return { seen, result };
    };
    const skipped = await run({});
    expect(skipped.seen).toEqual([3]);
    expect([...skipped.result.subarray(0, 12)]).toEqual(new Array(12).fill(BACKGROUND_LOGIT));
    expect([...skipped.result.subarray(16)]).toEqual([1, 1, 1, 1]);
    const all = await run({ runConstant: true });
    expect(all.seen).toEqual([0, 1, 2, 3]);
    expect([...all.result]).toEqual(new Array(20).fill(1));
  });

  it('stops between windows', async () => {
    const controller = new AbortController();
    let calls = 0;
    const run = slidingWindow(
      imageOf([16, 16, 16]),
      { patch: [4, 4, 4], overlap: 0, signal: controller.signal },
      async (window) => {
        if (++calls === 3) controller.abort();
        return window;
      },
    );
    await expect(run).rejects.toThrow(CancelledError);
    expect(calls).toBe(3);
  });
});
