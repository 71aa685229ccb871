import { splitCommand } from '../../src/model/split-command.ts';
import { runCommand } from '../requirement/command.ts';
import type { MailStack } from './mail-stack.ts';

/** A block of commands of a runbook, with the heading that it stands below and the label in front of it. */
interface CommandBlock {
  readonly step: string;
  readonly label: string;
  readonly commands: readonly string[];
}

/** What is to be typed, as a person finds it in the Markdown. */
const blocksIn = (markdown: string): readonly CommandBlock[] => {
  const blocks: CommandBlock[] = [];
  let [step, label] = ['', ''];
  let open: string[] | undefined;
  for (const line of markdown.split('\n')) {
    if (open !== undefined && line !== '```') open.push(line);
    else if (open !== undefined) {
      blocks.push({ step, label, commands: open });
      open = undefined;
      label = '';
    } else if (line === '```sh') open = [];
    else if (line.startsWith('## ')) [step, label] = [line.slice(3), ''];
    else if (line !== '') label = line;
  }
  return blocks;
};

/** The commands of the way without Mailkeep, in their order. */
export const commandsToType = (markdown: string): readonly string[] =>
  blocksIn(markdown).flatMap(({ label, commands }) => (label === 'With Mailkeep:' ? [] : commands));

/** Those that bring parts back with Mailkeep, as its parameters, by the name of the part. */
export const mailkeepRestores = (markdown: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    blocksIn(markdown)
      .flatMap(({ label, commands }) => (label === 'With Mailkeep:' ? commands : []))
      .flatMap((command) => {
        const [program, ...parameters] = splitCommand(command);
        const component = parameters.at(-1);
        return program === 'mailkeep' && component !== undefined ? [[component, parameters] as const] : [];
      }),
  );

/**
 * What this test does by itself: no packages are installed here, systemd does not run, there is no DNS that knows the server, and its
 * ports are others.
 */
const leftOut = /^(?:apt-get|dnf|systemctl|dig|curl|mailkeep|openssl s_client|mount -o remount)\b/;

export interface Followed {
  /** The commands that were run, and what each printed. */
  readonly done: readonly { readonly command: string; readonly stdout: string }[];
}

/** Types the commands of a runbook, one after another, those of the way without Mailkeep. Rejects at the first that fails. */
export const followRunbook = async (markdown: string, { database }: MailStack): Promise<Followed> => {
  const done: { command: string; stdout: string }[] = [];
  const env = { ...process.env, ...database.variables };
  const own = blocksIn(markdown).filter(({ label }) => label !== 'With Mailkeep:');
  for (const { step, commands } of own) {
    const startsDatabase = step.includes('still empty');
    if (startsDatabase) await database.prepare();
    for (const command of commands) {
      if (leftOut.test(command)) continue;
      const { code, stdout, stderr } = await runCommand('bash', ['-o', 'pipefail', '-c', command], { env });
      if (code !== 0) throw new Error(`${step}: ${command}\nended with ${code}: ${stdout}${stderr}`);
      done.push({ command, stdout });
    }
    if (startsDatabase && !database.isInContainer) await database.start();
    if (startsDatabase && database.isInContainer) await database.settle();
  }
  if (!database.isInContainer) await database.settle();
  return { done };
};
