import type { Backend } from '../contract/backend.ts';
import type { CommandContext } from './context.ts';
import { repositoryAccess } from './open-repository.ts';
import { openBackend } from './open-backend.ts';

/** Runs what needs a repository's storage and not its content, and so no password. */
export const withBackend = async <Result>(
  context: CommandContext,
  work: (backend: Backend) => Promise<Result>,
): Promise<Result> => {
  const backend = await openBackend(await repositoryAccess(context), context);
  try {
    return await work(backend);
  } finally {
    await backend.close();
  }
};
