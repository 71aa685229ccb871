import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { AlarmState } from '../../../contract/component.ts';
import type { BrakeReason } from '../../../model/damage-brake.ts';
import { Fault } from '../../../model/fault.ts';
import { writeDurably } from '../../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { type DiskPlaces, ownFolder } from './layout.ts';

/** Those of a newer version are kept as they are: they are shown, and they hold. */
const reason = z.custom<BrakeReason>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string',
);

const alarms = z.object({
  version: z.literal(1),
  open: z.object({ since: z.number(), reasons: z.array(reason) }).exactOptional(),
  confirmed: z.number().exactOptional(),
});

const placeOf = (places: DiskPlaces): string => places.path(`${ownFolder}/alarms.json`);

/** Faults: those of the file system, and `verification-failed` for a file that says nothing: then it is not known that nothing holds. */
export const readAlarms = async (places: DiskPlaces): Promise<AlarmState> => {
  const path = placeOf(places);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return {};
    throw errnoFault(error, 'read', path);
  }
  try {
    const { version: _version, ...state } = alarms.parse(JSON.parse(text));
    return state;
  } catch (error) {
    throw new Fault('verification-failed', `what alarms are open cannot be read: ${path}`, {
      hint: 'Look at the newest days. If all is right, remove this file.',
      context: { path },
      cause: error,
    });
  }
};

export const writeAlarms = async (places: DiskPlaces, state: AlarmState): Promise<void> =>
  writeDurably(placeOf(places), `${JSON.stringify({ version: 1, ...state }, undefined, 2)}\n`);
