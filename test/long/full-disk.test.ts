import { test } from 'node:test';
import { fillAgainAndAgain } from '../life/full-disk.ts';
import { disturbed } from '../life/victim.ts';

for (const command of disturbed) {
  const name = `B6: ${command} on a disk that runs full at fifteen places: disk-full and 2, nothing is harmed, and it goes on`;
  test(name, { timeout: 3_600_000 }, (t) => fillAgainAndAgain(t, command, 15));
}
