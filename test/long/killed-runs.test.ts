import { test } from 'node:test';
import { killAgainAndAgain } from '../life/killed-runs.ts';
import { disturbed } from '../life/victim.ts';

for (const command of disturbed) {
  const name = `S5: ${command}, killed at fifty moments: old snapshots restore, the next run finishes, nothing stays locked`;
  test(name, { timeout: 3_600_000 }, (t) => killAgainAndAgain(t, command, 50));
}
