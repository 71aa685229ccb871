import { plural } from './plural.ts';

const kinds = {
  missing: 'is missing',
  differs: 'does not hold what was written',
  unreadable: 'cannot be read',
} as const;

const andOthers = (others: number): string =>
  others === 0 ? '' : ` (and ${plural(others, 'more name', 'more names')})`;

/** Of `scrub`. */
export const scrubMessages = {
  scrubRead: (server: string, files: number, bytes: string, percent: number): string =>
    `${server}: ${plural(files, 'file', 'files')}, ${bytes} read again (${percent} % of the disk)`,
  scrubFromMemory: (): string =>
    'what was read may have come from memory: without the optional package koffi the system cannot be asked to let go of it',
  scrubBad: (name: string, kind: keyof typeof kinds): string => `BAD: ${name} ${kinds[kind]}`,
  scrubSame: (name: string): string => `the same file: ${name}`,
  scrubAllRead: (time: string): string => `every file of the disk was read since ${time}`,
  scrubNotAllRead: (): string => 'some files were never read again yet; each night reads some',
  scrubNothingToMend: (): string => 'nothing is known to be bad',
  scrubMend: (kind: 'mended' | 'mendable', name: string, others: number, from: string): string =>
    kind === 'mended'
      ? `mended: ${name}${andOthers(others)}, from ${from}`
      : `can be mended: ${name}${andOthers(others)}, from ${from}`,
  scrubLost: (name: string, others: number): string => `LOST: ${name}${andOthers(others)}: no good copy is known`,
  scrubAskMend: (count: number): string => `Mend ${plural(count, 'file', 'files')}?`,
  scrubRepository: (repository: string, packs: number, bytes: string, damage: number): string =>
    `${repository}: ${plural(packs, 'pack', 'packs')}, ${bytes} read again; ${damage === 0 ? 'all good' : plural(damage, 'damage', 'damages')}`,
  scrubNoServer: (): string => 'there is no server in the configuration; docs/mail-server.md tells how to describe one',
};
