import { test } from 'node:test';
import { fillCaptures } from '../life/full-captures.ts';
import { killCaptures } from '../life/killed-captures.ts';

for (const store of ['direct', 'mirror'] as const) {
  const killed = `S5 A12: a capture (${store}), killed at four moments: the next run completes, nothing is lost or doubled`;
  test(killed, (t) => killCaptures(t, store, 4));

  const full = `B6 A12: a capture (${store}) onto a disk that runs full at two places: nothing is harmed, and it goes on`;
  test(full, (t) => fillCaptures(t, store, 2));
}
