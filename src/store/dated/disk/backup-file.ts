import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import type { CapturedComponent, DatedBackup } from '../../../contract/component.ts';
import { type ServerOrigin, serverOriginFormat } from '../../../contract/server-origin.ts';
import { formatChecksumLine, parseChecksumLine } from '../../../model/checksum-line.ts';
import type { DatedName } from '../../../model/dated-name.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { descriptionName } from './layout.ts';

/** What a backup says of itself, in `.mailkeep/backup.json`. Its name is that of its folder, so that a weekly one is the same file. */
export interface BackupDescription {
  readonly version: 1;
  readonly started: number;
  readonly ended: number;
  readonly state: DatedBackup['state'];
  readonly components: readonly DescribedComponent[];
  readonly missing: DatedBackup['missing'];
  /** Not in those of earlier versions. */
  readonly origin?: ServerOrigin;
  /** SHA-256 of `checksums.sha256`. */
  readonly checksums: string;
}

export interface DescribedComponent extends CapturedComponent {
  /** Nanoseconds since 1970: when the scan of its source began. */
  readonly scannedAt: string;
  readonly filters?: string;
  /** Where it came from, for people. */
  readonly origin: string;
}

const counts = z.object({ files: z.number(), directories: z.number(), bytes: z.number() });

const described = z.object({
  name: z.string(),
  form: z.enum(['tree', 'archive', 'dump']),
  duration: z.number(),
  counts,
  linked: z.number(),
  writtenBytes: z.number(),
  unreadable: z.number(),
  scannedAt: z.string().regex(/^-?\d+$/),
  filters: z.string().exactOptional(),
  origin: z.string(),
});

const description = z.object({
  version: z.literal(1),
  started: z.number(),
  ended: z.number(),
  state: z.enum(['good', 'incomplete']),
  components: z.array(described),
  missing: z.array(z.object({ name: z.string(), reason: z.string() })),
  origin: serverOriginFormat.exactOptional(),
  checksums: z.string(),
});

/** What a description comes to beside its checksum: `none` in backups of earlier versions, which had no such file. */
export type DescriptionSeal = 'whole' | 'none' | 'broken';

export interface SealedDescription {
  readonly description: BackupDescription;
  readonly seal: DescriptionSeal;
}

/** The line of coreutils for a description, to lie beside it. */
export const formatSeal = (text: string): string => formatChecksumLine(digestOf(text), basename(descriptionName));

const digestOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

const readOptionally = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** Faults as `readDescription`, but for one that does not have its checksum. */
export const readSealed = async (path: string): Promise<SealedDescription> => {
  let bytes: Uint8Array;
  let line: string | undefined;
  try {
    bytes = await readFile(path);
    line = await readOptionally(`${path}.sha256`);
  } catch (error) {
    throw errnoFault(error, 'read', path);
  }
  const isWhole = line !== undefined && parseChecksumLine(line.trimEnd())?.sha256 === digestOf(bytes);
  const seal = line === undefined ? 'none' : isWhole ? 'whole' : 'broken';
  return { description: parseDescription(Buffer.from(bytes).toString('utf8'), path), seal };
};

export const alteredDescription = (path: string): Fault =>
  new Fault('verification-failed', `the description of a backup is not what was written: ${path}`, {
    hint: 'It says which commands stop and start services, so nothing of it is believed. Take another backup, or restore what is whole of this one, without them: --despite-damage.',
    context: { path },
  });

/** Faults: those of the file system, and `verification-failed` for a file that is no such description, or is not as it was written. */
export const readDescription = async (path: string): Promise<BackupDescription> => {
  const { description: found, seal } = await readSealed(path);
  if (seal === 'broken') throw alteredDescription(path);
  return found;
};

const parseDescription = (text: string, path: string): BackupDescription => {
  try {
    return description.parse(JSON.parse(text));
  } catch (error) {
    throw new Fault('verification-failed', `the description of a backup cannot be read: ${path}`, {
      hint: 'Its files are there all the same; look into checksums.sha256 beside it.',
      context: { path },
      cause: error,
    });
  }
};

export const formatDescription = (value: BackupDescription): string => `${JSON.stringify(value, undefined, 2)}\n`;

export const capturedOf = (component: DescribedComponent): CapturedComponent => {
  const { name, form, duration, counts: own, linked, writtenBytes, unreadable } = component;
  return { name, form, duration, counts: own, linked, writtenBytes, unreadable };
};

/** What others see of it. */
export const backupOf = (name: DatedName, folder: string, value: BackupDescription): DatedBackup => ({
  name,
  folder,
  started: value.started,
  ended: value.ended,
  state: value.state,
  components: value.components.map(capturedOf),
  missing: value.missing,
});
