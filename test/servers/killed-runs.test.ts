import { test } from 'node:test';
import { killAgainAndAgain } from '../life/killed-runs.ts';
import { disturbed } from '../life/victim.ts';

for (const command of disturbed) {
  test(`S5: ${command}, killed at three moments: old snapshots restore, the next run finishes, nothing stays locked`, (t) =>
    killAgainAndAgain(t, command, 3));
}
