import { parse } from 'yaml';
import type { DatedBackup } from '../../contract/component.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import type { MachineRecord } from '../../contract/machine-record.ts';
import type { Run } from '../../contract/run.ts';
import { wallTime } from '../../model/local-time.ts';
import { drawRunbook } from '../../operation/server/runbook/drawn-runbook.ts';
import { gatherFacts } from '../../operation/server/runbook/gather-facts.ts';
import { formatRunbook, type RunbookFormat } from '../../operation/server/runbook/runbook-forms.ts';
import type { BackupDisk, BackupSite } from '../../operation/server/runbook/runbook-facts.ts';
import { mountAt, uuidOf } from '../../system/mounted-disk.ts';
import { loadMessages } from '../catalogue/load-messages.ts';

export interface RunbookWish {
  readonly language: 'en' | 'ja';
  readonly format: RunbookFormat;
  /** Of the times in it; without one, that of the system. */
  readonly timeZone: string | undefined;
}

export interface DrawnBackup {
  readonly server: string;
  readonly backup: ServerBackup;
  readonly where: BackupSite;
  /** Those on the same disk. */
  readonly backups: readonly DatedBackup[];
}

/** The file system that a folder lies on, as far as another machine has to mount it. */
export const diskUnder = async (folder: string, run: Run): Promise<BackupDisk | undefined> => {
  const mount = await mountAt(folder);
  if (mount === undefined || mount.mountPoint === '/') return undefined;
  const { type, source, mountPoint } = mount;
  return { uuid: await uuidOf(mount, run.signal), type, device: source, mountPoint };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Services of a compose file by the names of their containers. One that cannot be read has none. */
const servicesIn = (text: string): Readonly<Record<string, string>> => {
  let read: unknown;
  try {
    read = parse(text);
  } catch {
    return {};
  }
  const services = isRecord(read) && isRecord(read['services']) ? read['services'] : {};
  const named = Object.entries(services).map(([service, setting]) => {
    const own = isRecord(setting) ? setting['container_name'] : undefined;
    return [typeof own === 'string' ? own : service, service] as const;
  });
  return Object.fromEntries(named);
};

/** The runbook of a backup, as a file. Faults: those of the backup's store. */
export const runbookOf = async (
  { server, backup, where, backups }: DrawnBackup,
  { language, format, timeZone }: RunbookWish,
  run: Run,
): Promise<string> => {
  const machine: MachineRecord | undefined = backup.origin?.machine;
  const facts = await gatherFacts(backup, { server, where, machine, backups, servicesIn }, run);
  const words = await loadMessages(language);
  const timeOf = (milliseconds: number): string => {
    const { date, time } = wallTime(milliseconds, timeZone);
    return `${date} ${time.slice(0, 5)}`;
  };
  return formatRunbook(drawRunbook(facts, { words, timeOf }), { format, language });
};
