import { test } from 'node:test';
import { liveTogether } from '../life/mixed-life.ts';

/* `seed` of a life that failed can be put here to live it again. */
const seed = Math.floor(Math.random() * 2 ** 31);

for (let life = 0; life < 10; life++) {
  test(
    `S4: life ${String(life)}: restic 0.19 and we change a repository in turn, thirty times`,
    { timeout: 3_600_000 },
    (t) => liveTogether(t, seed + life, 30),
  );
}
