import { test } from 'node:test';
import { liveNights } from '../life/nights.ts';

const seed = Math.floor(Math.random() * 2 ** 31);

test('A8 B4 B5: nine nights of two accounts, with a lost server, a killed run and a closed account: every snapshot keeps its promise', (t) =>
  liveNights(t, { nights: 9, lossOn: 2, unreachableOn: 3, killedOn: 4, closureOn: 5, seed }));
