import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../system/durable-file.ts';
import { loadPosix } from '../../system/posix.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Tell } from './finding.ts';

/** The version that runs TypeScript, zstd and SQLite as they are needed. */
const oldestNode = [22, 18] as const;

/** What is the same for all accounts and repositories: the runtime, the addon, the folder of the state. */
export const checkMachine = async (context: CommandContext, tell: Tell): Promise<void> => {
  const { messages, environment } = context;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  const version = process.versions.node;
  tell(
    isNew
      ? { state: 'ok', subject: '', check: 'node', message: messages.doctorNode(version) }
      : {
          state: 'failed',
          subject: '',
          check: 'node',
          message: messages.doctorNode(version),
          hint: messages.doctorNodeOld(oldestNode.join('.')),
        },
  );
  const addon = await loadPosix();
  tell(
    addon === undefined
      ? {
          state: 'warning',
          subject: '',
          check: 'addon',
          message: messages.doctorNoAddon(),
          hint: messages.doctorNoAddonHint(),
        }
      : { state: 'ok', subject: '', check: 'addon', message: messages.doctorAddon() },
  );
  const probe = join(environment.stateDirectory, '.doctor');
  try {
    await writeDurably(probe, '');
    await rm(probe, { force: true });
    tell({ state: 'ok', subject: '', check: 'state', message: messages.doctorState(environment.stateDirectory) });
  } catch (error) {
    tell(failed('', 'state', error));
  }
};
