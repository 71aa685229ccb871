import assert from 'node:assert/strict';
import { equal, fails, named, unique, type OnBackend } from './backend-fixture.ts';

/** What is read is exactly what was asked for. */
export const testReading = (on: OnBackend, largeBytes: number): void => {
  on('what was loaded is the caller’s: changing it changes nothing', async (backend, run) => {
    const bytes = unique();
    const handle = named('index', bytes);
    await backend.save(handle, [bytes], run);
    (await backend.load(handle, undefined, run)).fill(0);
    equal(await backend.load(handle, undefined, run), bytes);
    const range = await backend.load(handle, { start: 1, length: 3 }, run);
    assert.equal(range.buffer.byteLength, range.length, 'its memory holds nothing else and can be transferred');
  });

  on(`an object of ${largeBytes} bytes comes back, whole and in ranges`, async (backend, run) => {
    const bytes = unique(largeBytes);
    const handle = named('pack', bytes);
    const third = Math.floor(largeBytes / 3);
    await backend.save(handle, [bytes.subarray(0, third), bytes.subarray(third)], run);
    assert.equal(await backend.size(handle, run), largeBytes);
    equal(await backend.load(handle, undefined, run), bytes);
    equal(await backend.load(handle, { start: third - 5, length: third }, run), bytes.slice(third - 5, third * 2 - 5));
  });

  on('a range gives exactly its bytes, to the very end, and none when it is empty', async (backend, run) => {
    const bytes = unique(1000);
    const handle = named('pack', bytes);
    await backend.save(handle, [bytes], run);
    for (const [start, length] of [
      [0, 1],
      [0, 1000],
      [1, 999],
      [999, 1],
      [500, 0],
      [1000, 0],
      [17, 400],
    ] as const) {
      equal(await backend.load(handle, { start, length }, run), bytes.slice(start, start + length));
    }
  });

  on('an object that ends before the range does is backend-misbehaved', async (backend, run) => {
    const bytes = unique(1000);
    const handle = named('pack', bytes);
    await backend.save(handle, [bytes], run);
    for (const [start, length] of [
      [0, 1001],
      [999, 2],
      [1000, 1],
      [5000, 10],
      [0, 2 ** 40],
    ] as const) {
      await fails('backend-misbehaved', backend.load(handle, { start, length }, run));
    }
  });

  on(
    'an object that somebody cut is told by its size, and a range beyond it is refused',
    async (backend, run, made) => {
      if (made.truncate === undefined) return 'nobody can cut an object here';
      const bytes = unique(1000);
      const handle = named('pack', bytes);
      await backend.save(handle, [bytes], run);
      await made.truncate(handle, 600);
      assert.equal(await backend.size(handle, run), 600);
      await fails('backend-misbehaved', backend.load(handle, { start: 500, length: 500 }, run));
      equal(await backend.load(handle, { start: 0, length: 600 }, run), bytes.slice(0, 600));
      return undefined;
    },
  );

  on('a range that is none is refused', async (backend, run) => {
    const bytes = unique();
    await backend.save(named('pack', bytes), [bytes], run);
    for (const range of [
      { start: -1, length: 1 },
      { start: 0, length: -1 },
      { start: 0.5, length: 1 },
      { start: 0, length: Number.NaN },
    ]) {
      await fails('internal', backend.load(named('pack', bytes), range, run));
    }
  });
};
