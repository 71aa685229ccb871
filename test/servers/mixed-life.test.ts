import { test } from 'node:test';
import { liveTogether } from '../life/mixed-life.ts';

const seed = Math.floor(Math.random() * 2 ** 31);

test('S4: a repository that restic 0.19 and we change in turn, at random, stays whole at each step', (t) =>
  liveTogether(t, seed, 8));
