import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { CapturedComponent, DatedBackup } from '../../../contract/component.ts';
import { type ServerOrigin, serverOriginFormat } from '../../../contract/server-origin.ts';
import type { DatedName } from '../../../model/dated-name.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';

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

/** Faults: those of the file system, and `verification-failed` for a file that is no such description. */
export const readDescription = async (path: string): Promise<BackupDescription> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw errnoFault(error, 'read', path);
  }
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
