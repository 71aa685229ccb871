import { test } from 'node:test';
import { writeBesidePrune } from '../life/writers-beside-prune.ts';

for (const writers of [2, 4]) {
  for (const manner of ['polite', 'rough'] as const) {
    test(`S5: ${String(writers)} writers beside ${manner} prunes lose nothing`, { timeout: 3_600_000 }, (t) =>
      writeBesidePrune(t, { writers, rounds: 20, manner }),
    );
  }
}
