import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../config/environment.ts';
import { writeDurably } from '../../system/durable-file.ts';
import { readIfThere } from './write-kit.ts';

const record = z.object({ version: z.literal(1), repositories: z.record(z.string(), z.string()) });

const placeOf = ({ stateDirectory }: Pick<Environment, 'stateDirectory'>): string => join(stateDirectory, 'kit.json');

/** What a kit says of a repository, as one digest. `configuration`: its text. */
export const kitState = (
  { location, keys }: { readonly location: string; readonly keys: readonly string[] },
  configuration: string | undefined,
): string =>
  createHash('sha256')
    .update(JSON.stringify([location, [...keys].sort(), configuration ?? '']))
    .digest('hex');

/** Of what this machine has written kits, by the repositories' ids. What cannot be understood says nothing. */
const read = async (environment: Pick<Environment, 'stateDirectory'>): Promise<Readonly<Record<string, string>>> => {
  const text = await readIfThere(placeOf(environment));
  if (text === undefined) return {};
  try {
    return record.parse(JSON.parse(text)).repositories;
  } catch {
    return {};
  }
};

/** Remembers that a kit was written. Faults of files. */
export const noteKit = async (
  environment: Pick<Environment, 'stateDirectory'>,
  states: Readonly<Record<string, string>>,
): Promise<void> => {
  const repositories = { ...(await read(environment)), ...states };
  await mkdir(dirname(placeOf(environment)), { recursive: true, mode: 0o700 });
  await writeDurably(placeOf(environment), `${JSON.stringify({ version: 1, repositories }, undefined, 2)}\n`);
};

/** Whether the last kit of a repository still says what is so. */
export const kitStanding = async (
  environment: Pick<Environment, 'stateDirectory'>,
  repositoryId: string,
  state: string,
): Promise<'never' | 'changed' | 'current'> => {
  const noted = (await read(environment))[repositoryId];
  if (noted === undefined) return 'never';
  return noted === state ? 'current' : 'changed';
};
