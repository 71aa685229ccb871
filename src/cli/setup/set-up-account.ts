import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault, isFault } from '../../model/fault.ts';
import { systemDiscovery } from '../../protocol/imap/discovery/system-discovery.ts';
import { tryAccount } from '../../protocol/imap/try-account.ts';
import { loginPerson } from '../../protocol/login/person-login.ts';
import { type Config, credentialsOf } from '../../registry.ts';
import { writeDurably } from '../../system/durable-file.ts';
import { accountParts } from '../account/named-account.ts';
import { promptFor } from '../command/login.ts';
import { isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { exitCode } from '../exit-code.ts';
import { type AccountAnswers, accountEntry } from './answers.ts';
import { askedAnswers, type Asking, confirmAllTheSame, confirmWriting } from './asked-answers.ts';
import { withAddition } from './config-text.ts';
import { type ConfigPlace, configPlace, validated, wantedRepository, writeConfig } from './config-place.ts';
import { ensureRepository, type WantedRepository } from './ensure-repository.ts';
import { scriptedAnswers } from './scripted-answers.ts';
import type { SetupOptions } from './setup-options.ts';

/** Sets up an account: asks or takes the options, tries the login, makes the repository, writes the configuration. */
export const setUpAccount = async (options: SetupOptions, context: CommandContext): Promise<number> => {
  const place = await configPlace(context);
  const { messages, run, output } = context;
  const isAsked = options.account === undefined;
  const asking: Asking = { messages, run, keepPassword: (name, password) => keep(place, name, password) };
  const taken = Object.keys(place.loaded?.config.accounts ?? {});
  const answers = isAsked
    ? await askedAnswers(asking, taken, systemDiscovery)
    : await scriptedAnswers(options, taken, systemDiscovery, run);
  const repository = await wantedRepository(place, context, isAsked ? asking : undefined);
  const text = withAddition(place.before, {
    section: 'accounts',
    added: { name: answers.name, entry: entryOf(answers, repository, options) },
    repository: repository.isNew ? repository : undefined,
  });
  const config = await validated(text, place, context);
  if (options.loginTest) await testLogin(answers.name, config, context, isAsked ? asking : undefined);
  if (!(await mayWrite(place, options, context, asking))) {
    output.print(messages.setupNothingWritten());
    return exitCode.incomplete;
  }
  const id = repository.isNew ? await ensureRepository(repository, context) : undefined;
  await writeConfig(place, text);
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'account', account: answers.name, file: place.file, repository: id }));
  } else output.print(messages.setupDone(answers.name, place.file));
  return exitCode.good;
};

const entryOf = (
  answers: AccountAnswers,
  repository: WantedRepository,
  { repo }: SetupOptions,
): Readonly<Record<string, unknown>> => ({
  ...accountEntry(answers),
  ...(repository.isNew || repo !== undefined ? { repository: repository.name } : {}),
});

/** In a file of its own beside the configuration, under a name that nothing has. */
const keep = async ({ file }: ConfigPlace, name: string, password: string): Promise<string> => {
  for (let number = 1; ; number++) {
    const path = join(dirname(file), number === 1 ? name : `${name}-${number}`);
    if (existsSync(path)) continue;
    await writeDurably(path, `${password}\n`);
    return path;
  }
};

const testLogin = async (
  name: string,
  config: Config,
  context: CommandContext,
  asking: Asking | undefined,
): Promise<void> => {
  const entry = config.accounts[name];
  if (entry?.user === undefined) return;
  const account = { ...entry, name, user: entry.user };
  const { run, output, messages } = context;
  const parts = accountParts(context);
  try {
    if (entry.login.kind === 'oauth') {
      await loginPerson(entry.login.value, { ...parts, account: name }, promptFor(name, context), run);
    }
    const tried = await tryAccount(account, await credentialsOf(account, parts), run);
    const { folders, messages: count } = tried.wanted();
    output.say(messages.setupLoggedIn(entry.user, folders.length, count));
  } catch (error) {
    if (asking === undefined || !isFault(error) || error.code === 'interrupted') throw error;
    output.say(messages.fault(error.message));
    if (error.hint !== undefined) output.say(messages.hint(error.hint));
    if (!(await confirmAllTheSame(asking))) throw error;
  }
};

const mayWrite = async (
  { file, before }: ConfigPlace,
  { yes, account }: SetupOptions,
  context: CommandContext,
  asking: Asking,
): Promise<boolean> => {
  if (yes) return true;
  if (account === undefined || (before !== undefined && isAttended(context))) {
    return confirmWriting(asking, file, before !== undefined);
  }
  if (before === undefined) return true;
  throw new Fault('usage', `there is a configuration already at ${file}, and nobody can be asked`, {
    hint: 'Add --yes to add the account to it. Nothing was written.',
  });
};
