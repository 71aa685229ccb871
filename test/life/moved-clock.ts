import assert from 'node:assert/strict';
import { runCommand } from '../requirement/command.ts';

/** The environment in which a program believes that it is another time, in milliseconds since 1970. */
export type MovedClock = (time: number) => NodeJS.ProcessEnv;

/** By libfaketime; where the library lies is known to the program of its package. */
export const findMovedClock = async (): Promise<MovedClock> => {
  const { stdout } = await runCommand('dpkg', ['-L', 'libfaketime']);
  const library = stdout.split('\n').find((path) => path.endsWith('/libfaketimeMT.so.1'));
  assert.ok(library, 'the package libfaketime is installed');
  return (time) => {
    const text = new Date(time).toISOString().slice(0, 19).replace('T', ' ');
    return { TZ: 'UTC', LD_PRELOAD: library, FAKETIME: `@${text}`, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  };
};
