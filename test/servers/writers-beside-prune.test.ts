import { test } from 'node:test';
import { writeBesidePrune } from '../life/writers-beside-prune.ts';

test('S5: two writers, of both programs, beside prunes that start at random lose nothing', (t) =>
  writeBesidePrune(t, { writers: 2, rounds: 2, manner: 'polite' }));

test('S5: four writers beside prunes that pay no heed to locks lose nothing that they were told was saved', (t) =>
  writeBesidePrune(t, { writers: 4, rounds: 1, manner: 'rough' }));
