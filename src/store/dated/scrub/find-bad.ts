import type { BadFile, BadName } from '../../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import { formatChecksumLine } from '../../../model/checksum-line.ts';
import { datedPlace } from '../../../model/dated-name.ts';
import { checksumsList } from '../disk/layout.ts';
import type { KnownBackup } from '../disk/list-backups.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import type { CheckDamage } from '../threads/page-job.ts';
import { identityOf, lookAt, walkList } from './line-walk.ts';

/** A file that is known to be bad, and everything else on the disk that has the same checksum. */
export interface Patient extends BadFile {
  /** Names of other files of the same checksum, a name for each; whether they are good is not known. */
  readonly donors: readonly BadName[];
}

export interface FoundPatients {
  readonly patients: readonly Patient[];
  /** Names that were noted as bad and are not. */
  readonly healthy: readonly BadName[];
}

export interface Ward {
  readonly known: readonly KnownBackup[];
  readonly pool: DiskPool;
}

export const keyOfName = ({ backup, path }: BadName): string => `${datedPlace(backup)}/${path}`;

/** What is wrong with a file by now; undefined: it is what was written. */
export const checkName = async (
  { known, pool }: Ward,
  { backup, path }: BadName,
  sha256: string,
): Promise<CheckDamage['kind'] | undefined> => {
  const place = datedPlace(backup);
  const found = known.find((one) => datedPlace(one.backup.name) === place);
  if (found === undefined) return 'missing';
  const root = `${byteStringOfText(found.backup.folder)}/`;
  const line = formatChecksumLine(sha256, path).slice(0, -1);
  const { damages } = await pool.check({ root, lines: [line], fromDisk: true });
  return damages[0]?.kind;
};

interface Noted {
  readonly name: BadName;
  readonly sha256: string;
}

/** What was noted as bad, with what it should hold. What no list names (any more) should hold nobody knows. */
const notedOf = (known: KnownBackup): readonly Noted[] => {
  const paths = new Set((known.evidence?.damages ?? []).map(({ path }) => path));
  if (paths.size === 0) return [];
  const noted: Noted[] = [];
  const name = (path: string): BadName => ({ backup: known.backup.name, path: byteStringOfLatin1(path) });
  if (paths.delete(checksumsList)) noted.push({ name: name(checksumsList), sha256: known.description.checksums });
  for (const group of walkList(known, () => true).groups) {
    for (const { path, sha256 } of group) {
      if (paths.delete(path)) noted.push({ name: name(path), sha256 });
    }
  }
  return [...noted, ...[...paths].map((path) => ({ name: name(path), sha256: '' }))];
};

interface Group {
  readonly sha256: string;
  readonly kind: BadFile['kind'];
  readonly names: BadName[];
  readonly donors: Map<string, BadName>;
}

/** Looks at all that was noted as bad again. */
export const findPatients = async (ward: Ward, run: Run): Promise<FoundPatients> => {
  const groups = new Map<string, Group>();
  const healthy: BadName[] = [];
  for (const known of ward.known) {
    for (const { name, sha256 } of notedOf(known)) {
      throwIfInterrupted(run);
      const kind = sha256 === '' ? 'differs' : await checkName(ward, name, sha256);
      if (kind === undefined) {
        healthy.push(name);
        continue;
      }
      const found = lookAt(known.backup.folder, name.path);
      const key = `${found === undefined ? keyOfName(name) : identityOf(found)}:${sha256}`;
      if (!groups.has(key)) {
        groups.set(key, { sha256, kind: kind === 'no line' ? 'differs' : kind, names: [], donors: new Map() });
      }
      // The others are met among the lines of the lists.
      if (found === undefined || sha256 === '' || name.path === checksumsList) groups.get(key)?.names.push(name);
    }
  }
  gather(ward.known, groups);
  return {
    healthy,
    patients: [...groups.values()].map(({ sha256, kind, names, donors }) => ({
      sha256,
      kind,
      names,
      donors: [...donors.values()],
    })),
  };
};

/** Finds every name of the bad files, and what else has their checksums. */
const gather = (all: readonly KnownBackup[], groups: ReadonlyMap<string, Group>): void => {
  const bySum = Map.groupBy(groups.values(), ({ sha256 }) => sha256);
  if (bySum.size === 0) return;
  // The newest first: its copies are the likeliest to be good.
  for (const known of all.toReversed()) {
    for (const lines of walkList(known, (sha256) => bySum.has(sha256)).groups) {
      for (const { path, sha256 } of lines) {
        const found = lookAt(known.backup.folder, path);
        if (found === undefined) continue;
        const name = { backup: known.backup.name, path };
        const identity = identityOf(found);
        const own = groups.get(`${identity}:${sha256}`);
        if (own !== undefined) own.names.push(name);
        else
          for (const group of bySum.get(sha256) ?? [])
            if (!group.donors.has(identity)) group.donors.set(identity, name);
      }
    }
  }
};
