import { resolve } from 'node:path';
import type { Repository } from '../../store/restic/repository.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { kitStanding, kitState } from '../kit/kit-record.ts';
import { shownLocation } from '../kit/known-stores.ts';
import { readIfThere } from '../kit/write-kit.ts';
import { repositoryAccess } from '../open-repository.ts';
import { failed, type Tell } from './finding.ts';

const keysOf = async ({ session }: Repository, { run }: CommandContext): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const page of session.backend.list('key', run)) keys.push(...page.map(({ name }) => name.slice(0, 8)));
  return keys;
};

/** Whether there is a recovery kit of a repository that says what is so: a reminder, and no fault. */
export const checkKit = async (
  subject: string,
  repository: Repository,
  context: CommandContext,
  tell: Tell,
): Promise<void> => {
  const { environment, messages } = context;
  try {
    const { location } = await repositoryAccess(context);
    const file = (await openConfiguration(context))?.file;
    const configuration = file === undefined ? undefined : await readIfThere(resolve(file));
    const state = kitState(
      { location: shownLocation(location), keys: await keysOf(repository, context) },
      configuration,
    );
    const standing = await kitStanding(environment, repository.id, state);
    const common = { subject, state: 'ok', check: 'kit' } as const;
    if (standing === 'current') tell({ ...common, message: messages.doctorKitGood() });
    else {
      const message = standing === 'never' ? messages.doctorKitNever() : messages.doctorKitOld();
      tell({ ...common, message, hint: messages.doctorKitHint() });
    }
  } catch (error) {
    tell({ ...failed(subject, 'kit', error), state: 'warning' });
  }
};
