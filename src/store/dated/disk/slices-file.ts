import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { noSliceTimes, sliceCount, type SliceTimes } from '../../../model/scrub-slices.ts';
import { writeDurably } from '../../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { type DiskPlaces, evidenceFolder } from './layout.ts';

const slices = z.object({ version: z.literal(1), read: z.array(z.number().nullable()).length(sliceCount) });

const placeOf = (places: DiskPlaces): string => places.path(`${evidenceFolder}/slices.json`);

/** When each slice was read last. A file that cannot be understood says nothing. Faults of the file system. */
export const readSlices = async (places: DiskPlaces): Promise<SliceTimes> => {
  const path = placeOf(places);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return noSliceTimes;
    throw errnoFault(error, 'read', path);
  }
  try {
    return slices.parse(JSON.parse(text)).read.map((time) => time ?? undefined);
  } catch {
    return noSliceTimes;
  }
};

export const writeSlices = async (places: DiskPlaces, times: SliceTimes): Promise<void> => {
  const path = placeOf(places);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeDurably(path, `${JSON.stringify({ version: 1, read: times.map((time) => time ?? null) })}\n`);
};
