import { test } from 'node:test';
import { liveNights } from '../life/nights.ts';

const seed = Math.floor(Math.random() * 2 ** 31);

test('A8 B4 B5: eight nights of two accounts, with a lost server, a killed run and a closed account: every snapshot keeps its promise', (t) =>
  liveNights(t, { nights: 8, lossOn: 1, unreachableOn: 2, killedOn: 3, closureOn: 4, seed }));
