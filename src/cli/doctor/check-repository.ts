import { stat, statfs } from 'node:fs/promises';
import { formatBytes } from '../../model/size.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext } from '../context.ts';
import { probeBackend } from '../probe-backend.ts';
import { withRepository } from '../open-repository.ts';
import { checkKit } from './check-kit.ts';
import { failed, type Tell } from './finding.ts';

export interface CheckedRepository {
  /** For people. */
  readonly name: string;
  /** As `-r` takes it; undefined: the one that is used when none is named. */
  readonly named: string | undefined;
  /** The folder, where it is one. */
  readonly folder: string | undefined;
}

const fullShare = 0.8;
const clockTolerance = 300_000;

/** Opens a repository, takes and gives back a lock in it (which is a write), and looks at the room that is left. */
export const checkRepository = async (
  { name, named, folder }: CheckedRepository,
  context: CommandContext,
  tell: Tell,
): Promise<void> => {
  const { messages } = context;
  const options = named === undefined ? context.options : { ...context.options, repo: named };
  const about = { subject: name } as const;
  let isOpen = false;
  const look = async (repository: Repository): Promise<void> => {
    isOpen = true;
    tell({ ...about, state: 'ok', check: 'repository', message: messages.doctorRepository(repository.description) });
    await repository.locked('shared', () => tellClock(name, folder, context, tell), context.run);
    tell({ ...about, state: 'ok', check: 'writable', message: messages.doctorWritable() });
    await tellStorage(name, repository, context, tell);
    await checkKit(name, repository, { ...context, options }, tell);
  };
  try {
    await withRepository({ ...context, options: { ...options, lock: true } }, look);
  } catch (error) {
    tell(failed(name, isOpen ? 'writable' : 'repository', error));
  }
  if (folder !== undefined && isOpen) await tellSpace(name, folder, context, tell);
};

/** Whether the storage still does what backups rely on, tried on something that is thrown away. */
const tellStorage = async (
  subject: string,
  { session }: Repository,
  context: CommandContext,
  tell: Tell,
): Promise<void> => {
  try {
    await probeBackend(session.backend, context.run);
    tell({ subject, state: 'ok', check: 'storage', message: context.messages.doctorStorage() });
  } catch (error) {
    tell(failed(subject, 'storage', error));
  }
};

/** The lock has just been written: the time that the disk, or the machine behind it, has given its folder is now. */
const tellClock = async (
  subject: string,
  folder: string | undefined,
  { messages, run }: CommandContext,
  tell: Tell,
): Promise<void> => {
  if (folder === undefined) return;
  const { mtimeMs } = await stat(`${folder}/locks`);
  const difference = Math.round(mtimeMs - Number(run.now() / 1_000_000n));
  const common = { subject, check: 'clock' } as const;
  if (Math.abs(difference) <= clockTolerance) tell({ ...common, state: 'ok', message: messages.doctorClock() });
  else {
    const message = messages.doctorClockApart(Math.round(Math.abs(difference) / 60_000));
    tell({ ...common, state: 'warning', message, hint: messages.doctorClockHint() });
  }
};

const tellSpace = async (subject: string, folder: string, { messages }: CommandContext, tell: Tell): Promise<void> => {
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    const used = blocks === 0 ? 0 : 1 - bavail / blocks;
    const message = messages.doctorSpace(formatBytes(bavail * bsize), Math.round(used * 100));
    const common = { subject, check: 'space', message } as const;
    if (used < fullShare) tell({ ...common, state: 'ok' });
    else tell({ ...common, state: 'warning', hint: messages.doctorSpaceHint() });
  } catch (error) {
    tell(failed(subject, 'space', error));
  }
};
