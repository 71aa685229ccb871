import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { formatConfig } from '../format/config.ts';
import type { Repository } from '../repository.ts';

const handle = { kind: 'config', name: '' } as const;

const alreadyNew = (): Fault =>
  new Fault('usage', 'the repository is of version 2 already', { hint: 'There is nothing to upgrade.' });

const halfDone = (copy: string, cause: unknown): Fault =>
  new Fault('config-damaged', 'the new config could not be stored, and neither could the old one be put back', {
    hint: `Copy the file ${copy} to the name "config" in the repository: that is the old one, and everything is as before.`,
    cause,
  });

/**
 * Makes a repository of version 1 one of version 2, which may hold compressed data. The config is the one object that is
 * replaced: `keepCopy` stores the old one elsewhere, durably, and says where; only then it is removed and the new one
 * stored. Fails that, the old one is put back. To be called under the exclusive lock.
 */
export const upgradeConfig = async (
  repository: Repository,
  keepCopy: (sealed: Uint8Array) => Promise<string>,
  run: Run,
): Promise<void> => {
  const { backend, config, envelope } = repository.session;
  if (config.version === 2) throw alreadyNew();
  const old = await backend.load(handle, undefined, run);
  const sealed = envelope.seal(formatConfig({ ...config, version: 2 }));
  const copy = await keepCopy(old);
  await repository.assertAlone(run);
  // From here on it is finished or taken back, whatever anybody presses: a repository without a config cannot be opened.
  const unstoppable: Run = {
    signal: new AbortController().signal,
    now: () => run.now(),
    emit: (event) => run.emit(event),
  };
  await backend.remove(handle, unstoppable);
  try {
    await backend.save(handle, [sealed], unstoppable);
  } catch (error) {
    try {
      await backend.save(handle, [old], unstoppable);
    } catch (again) {
      throw halfDone(copy, again);
    }
    throw error;
  }
};
