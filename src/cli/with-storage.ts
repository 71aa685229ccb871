import type { Backend } from '../contract/backend.ts';
import { openBackend } from '../registry.ts';
import type { CommandContext } from './context.ts';
import { repositoryAccess } from './open-repository.ts';
import { storageSettings } from './storage-options.ts';

/** Runs what needs a repository's storage and not its content, and so no password. */
export const withStorage = async <Result>(
  context: CommandContext,
  work: (backend: Backend) => Promise<Result>,
): Promise<Result> => {
  const { location } = await repositoryAccess(context);
  const backend = await openBackend(location, storageSettings(context));
  try {
    return await work(backend);
  } finally {
    await backend.close();
  }
};
