import { Fault } from '../model/fault.ts';
import type { CommandContext } from './context.ts';

/** Where a password may come from instead of a terminal, for those who have none. */
const usualSources = 'Use --password-file, --password-command, MAILKEEP_PASSWORD_FILE or MAILKEEP_PASSWORD.';

/** Asks twice, for a password that is to be set. Fault `configuration` when the two differ or nothing was typed. */
export const promptNewPassword = async (
  location: string,
  context: CommandContext,
  sources?: string,
): Promise<string> => {
  const password = await promptPassword(location, context, sources);
  if (password === '') {
    throw new Fault('configuration', 'the password is empty', {
      hint: 'A repository is never used without a password; --generate-password FILE makes a strong one.',
    });
  }
  if ((await typed(context.messages.passwordAgain(), context)) === password) return password;
  throw new Fault('configuration', 'the two passwords are not the same', { hint: 'Nothing was made. Try again.' });
};

/** Asks for a password on the terminal without showing it. Fault `configuration` when there is no terminal. */
export const promptPassword = async (
  location: string,
  context: CommandContext,
  sources = usualSources,
): Promise<string> => {
  const { stdin } = process;
  if (!stdin.isTTY) {
    throw new Fault('configuration', `no password is given for ${location}, and there is no terminal to ask on`, {
      hint: sources,
    });
  }
  return typed(context.messages.passwordOf(location), context);
};

const typed = async (question: string, { output, run }: CommandContext): Promise<string> => {
  const { stdin } = process;
  output.say(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let word = '';
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n') return word;
        if (key === '\u0003' || key === '\u0004' || run.signal.aborted)
          throw new Fault('interrupted', 'no password was typed');
        word = key === '\u007f' ? word.slice(0, -1) : word + key;
      }
    }
    return word;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
};
