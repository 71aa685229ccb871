import { Fault } from '../model/fault.ts';
import type { CommandContext } from './context.ts';

/** Asks for a password on the terminal without showing it. Fault `configuration` when there is no terminal. */
export const promptPassword = async (location: string, { output, run }: CommandContext): Promise<string> => {
  const { stdin } = process;
  if (!stdin.isTTY) {
    throw new Fault('configuration', `no password is given for the repository at ${location}`, {
      hint: 'Use --password-file, --password-command, MAILKEEP_PASSWORD_FILE or MAILKEEP_PASSWORD.',
    });
  }
  output.say(`password of ${location}:`);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let typed = '';
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n') return typed;
        if (key === '\u0003' || key === '\u0004' || run.signal.aborted)
          throw new Fault('interrupted', 'no password was typed');
        typed = key === '\u007f' ? typed.slice(0, -1) : typed + key;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
};
