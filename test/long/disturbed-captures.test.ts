import { test } from 'node:test';
import { fillCaptures } from '../life/full-captures.ts';
import { killCaptures } from '../life/killed-captures.ts';

for (const store of ['direct', 'mirror'] as const) {
  const killed = `S5 A12: a capture (${store}), killed at fifteen moments: the next run completes, nothing is lost or doubled`;
  test(killed, { timeout: 3_600_000 }, (t) => killCaptures(t, store, 15));

  const full = `B6 A12: a capture (${store}) onto a disk that runs full at fifteen places: nothing is harmed, and it goes on`;
  test(full, { timeout: 3_600_000 }, (t) => fillCaptures(t, store, 15));
}
