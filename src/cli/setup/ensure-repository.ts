import { dirname } from 'node:path';
import { ensurePasswordFile } from '../../config/default-repository.ts';
import { readPassword } from '../../config/password.ts';
import { isFault } from '../../model/fault.ts';
import type { CommandContext } from '../context.ts';
import { openOptions } from '../open-repository.ts';
import { openBackend } from '../open-backend.ts';

/** Where the account goes: a repository that the configuration has, or one that is added to it. */
export type WantedRepository =
  | { readonly isNew: false; readonly name: string }
  | {
      readonly isNew: true;
      readonly name: string;
      readonly location: string;
      readonly passwordFile: string;
      /** Whether the file with its password is made when it is not there. */
      readonly makesPassword: boolean;
      readonly entry: Readonly<Record<string, unknown>>;
    };

/** Makes the repository, or opens the one that is there to see that the password is its. Returns its id. */
export const ensureRepository = async (
  { location, passwordFile, makesPassword }: Extract<WantedRepository, { isNew: true }>,
  context: CommandContext,
): Promise<string> => {
  const { run, output, messages } = context;
  if (makesPassword) await ensurePasswordFile(passwordFile, dirname(passwordFile));
  const [{ initRepository }, { openRepository }, backend] = await Promise.all([
    import('../../store/restic/init-repository.ts'),
    import('../../store/restic/open-repository.ts'),
    openBackend({ location }, context),
  ]);
  const options = await openOptions(context, await readPassword({ kind: 'file', path: passwordFile }, run.signal));
  try {
    const id = await initRepository(backend, { ...options, generatedPassword: true }, run);
    await backend.close();
    output.say(messages.firstRepository(location));
    output.say(messages.firstPassword(passwordFile));
    output.say(messages.keepPassword());
    return id;
  } catch (error) {
    if (!isFault(error, 'repository-exists')) {
      await backend.close();
      throw error;
    }
  }
  const repository = await openRepository(backend, options, run);
  try {
    return repository.session.config.id;
  } finally {
    await repository.close();
  }
};
