import { test } from 'node:test';
import { liveNights } from '../life/nights.ts';

const seed = Math.floor(Math.random() * 2 ** 31);

test('A8 B4 B5: seven nights of two accounts, with a lost server, a killed run and a closed account: every snapshot keeps its promise', (t) =>
  liveNights(t, { nights: 7, lossOn: 1, killedOn: 2, unreachableOn: 3, closureOn: 4, seed }));
