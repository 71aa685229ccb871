import { createInterface } from 'node:readline/promises';
import { Fault } from '../../model/fault.ts';
import type { LoginPrompt } from '../../protocol/login/person-login.ts';
import { accountNamed, accountParts } from '../account/named-account.ts';
import { needConfiguration } from '../configuration.ts';
import { isAttended } from '../confirm.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';

export const loginCommand: DefineCommand = (execute) =>
  newCommand('login', 'log in to an account whose provider wants a browser (OAuth)')
    .argument('<account>', 'name of the account in the configuration')
    .addHelpText('after', examples(['mailkeep login gmail       once; backups renew by themselves what they need']))
    .action((account: string, options: GlobalOptions) => execute(options, (context) => login(account, context)));

const login = async (name: string, context: CommandContext): Promise<number> => {
  const { login } = accountNamed(await needConfiguration(context), name);
  if (login.kind !== 'oauth') {
    throw new Fault('usage', `the account ${name} logs in without a person (${login.kind})`, {
      hint: 'Nothing is to be done; `mailkeep doctor` tries whether it works.',
    });
  }
  const { loginPerson } = await import('../../protocol/login/person-login.ts');
  await loginPerson(login.value, { ...accountParts(context), account: name }, promptFor(name, context), context.run);
  const { output, options, messages } = context;
  output.print(options.json ? JSON.stringify({ message_type: 'login', account: name }) : messages.loginDone(name));
  return exitCode.good;
};

export const promptFor = (name: string, context: CommandContext): LoginPrompt => {
  const { output, messages } = context;
  return {
    show: (address) => {
      output.say(messages.loginOpenBrowser(name));
      output.say(address);
      output.say(isAttended(context) ? messages.loginPaste() : messages.loginWaiting());
    },
    showCode: ({ page, code, pageWithCode }) => {
      output.say(messages.loginOpenPage(name, page));
      output.say(messages.loginTypeCode(code));
      if (pageWithCode !== undefined) output.say(pageWithCode);
      output.say(messages.loginWaiting());
    },
    pasted: (signal) => (isAttended(context) ? typedLine(signal) : new Promise(() => undefined)),
    goodPage: messages.loginGoodPage(),
    badPage: messages.loginBadPage(),
  };
};

/** The next line that somebody types; an end of the wait is no answer. */
const typedLine = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const stop = (): void => terminal.close();
    signal.addEventListener('abort', stop, { once: true });
    terminal.once('line', (line) => {
      signal.removeEventListener('abort', stop);
      terminal.close();
      resolve(line);
    });
  });
