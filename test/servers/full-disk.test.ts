import { test } from 'node:test';
import { fillAgainAndAgain } from '../life/full-disk.ts';
import { disturbed } from '../life/victim.ts';

for (const command of disturbed) {
  test(`B6: ${command} on a disk that runs full: disk-full and 2, nothing is harmed, and with room it goes on`, (t) =>
    fillAgainAndAgain(t, command, 1));
}
