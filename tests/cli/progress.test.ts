/** Progress as it is seen: plain lines now and then, a bar on a terminal, nothing when quiet. */
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createProgressDisplay } from '../../src/cli/progress.node.js';
import { Pace, progressText, stageEndText } from '../../src/cli/progress-text.js';
import type { Progress } from '../../src/job-options.js';

class Screen extends Writable {
  text = '';
  constructor(
    readonly isTTY = false,
    readonly columns = 80,
  ) {
    super();
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const training = (done: number, total = 600): Progress => ({
  stage: 'train',
  done,
  total,
  loss: 0.4123,
  dice: { kidney: 0.831 },
});

describe('one report', () => {
  test('rate and time left are those since the first report: a resumed run does not boast', () => {
    const pace = new Pace(0);
    pace.sign(training(200), 4_000);
    const sign = pace.sign(training(240), 24_000);
    expect(sign.rate).toBe(2);
    expect(sign.secondsLeft).toBe(180);
    expect(progressText(sign)).toBe('train      240/600  2.0 steps/s  3 min 00 s left  loss 0.412  Dice kidney 0.83');
    expect(progressText(sign, '##--')).toContain('train      ##--  240/600');
    expect(stageEndText(sign)).toBe('train      240 steps in 24 s  loss 0.412  Dice kidney 0.83');
  });

  test('the first says only how far', () => {
    expect(progressText(new Pace(0).sign({ stage: 'check', done: 1, total: 9 }, 500))).toBe('check      1/9');
  });

  test('slow work is told by the item, an unknown total is left out', () => {
    const pace = new Pace(0);
    pace.sign(training(0, 0), 0);
    const sign = pace.sign(training(2, 0), 8_000);
    expect(progressText(sign)).toBe('train      2  4.0 s per step  loss 0.412  Dice kidney 0.83');
  });

  test('more tasks than fit are cut, and names cannot rewrite the terminal', () => {
    const dice = { 'a\u001b[2J': 0.1, b: 0.2, c: 0.3, d: 0.4 };
    const sign = new Pace(0).sign({ stage: 'train', done: 1, total: 2, dice }, 0);
    expect(progressText(sign)).toBe('train      1/2  Dice a?[2J 0.10, b 0.20, c 0.30, ...');
  });
});

describe('without a terminal', () => {
  test('a line every ten seconds and at the end of each stage', () => {
    let now = 0;
    const screen = new Screen();
    const display = createProgressDisplay({ stream: screen, now: () => now });
    for (let done = 1; done <= 25; done++) {
      now = 1000 * done;
      display.update({ stage: 'prepare', done, total: 25 });
    }
    display.note('a case has\nno label');
    now = 30_000;
    display.update({ stage: 'predict', done: 1, total: 1 });
    display.close();
    expect(screen.text.split('\n')).toEqual([
      'prepare    1/25',
      'prepare    11/25  1.0 cases/s  14 s left',
      'prepare    21/25  1.0 cases/s  4 s left',
      'prepare    25 cases in 25 s',
      'note: a case has no label',
      'predict    1 image in 5 s',
      '',
    ]);
  });

  test('a stage that begins again is told again', () => {
    let now = 0;
    const screen = new Screen();
    const display = createProgressDisplay({ stream: screen, now: () => now });
    for (const [done, total] of [
      [2, 2],
      [1, 3],
      [3, 3],
    ]) {
      now += 20_000;
      display.update({ stage: 'check', done, total });
    }
    expect(screen.text).toBe('check      2 cases in 20 s\ncheck      1/3\ncheck      3 cases in 40 s\n');
  });

  test('nothing when quiet', () => {
    const screen = new Screen();
    const display = createProgressDisplay({ quiet: true, stream: screen });
    display.update({ stage: 'check', done: 1, total: 1 });
    display.note('x');
    display.close();
    expect(screen.text).toBe('');
  });
});

describe('on a terminal', () => {
  test('a bar no wider than the terminal, cleared for notes and at the end of its stage', async () => {
    let now = 0;
    const screen = new Screen(true, 60);
    const display = createProgressDisplay({ stream: screen, now: () => now });
    display.update(training(150));
    now = 10_000;
    display.update(training(300));
    display.note('remark');
    display.close();
    // Closed: no timer may draw again.
    const drawn = screen.text;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(screen.text).toBe(drawn);
    expect(drawn).toContain('train      ██░░░░░░  150/600');
    expect(drawn).toContain('train      ████░░░░  300/600');
    expect(drawn).toContain('note: remark\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own commands are what is removed.
    const lines = drawn.replace(/\u001b(\[[0-9;?]*[A-Za-z]|[78])/g, '\r').split(/[\r\n]+/);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThan(60);
    // Neither the cursor nor line wrapping is switched off: a killed process could not restore them.
    expect(drawn).not.toContain('\u001b[?25l');
    expect(drawn).not.toContain('\u001b[?7l');
  });
});
