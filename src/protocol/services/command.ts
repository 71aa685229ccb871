import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { runProgram } from '../../system/run-program.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What finds programs and the daemons that they ask; in the rest there may be secrets. */
const keptVariable = /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|XDG_.*|DOCKER_.*|COMPOSE_.*|CONTAINERS?_.*|DBUS_.*)$/;

const environmentOf = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => keptVariable.test(name)));

export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Fault `configuration` when there is no such program. */
export const askCommand = async (words: readonly string[], variables: Variables, run: Run): Promise<CommandEnd> => {
  const [program = '', ...parameters] = words;
  // Ctrl-C is ours to heed: a service that is half stopped would be taken for one that runs.
  const call = { program, parameters, environment: environmentOf(variables), signal: run.signal, apart: true };
  const ended = await runProgram(call);
  if (ended !== undefined) return ended;
  throw new Fault('configuration', `there is no program ${program} here, which stops and starts services`, {
    hint: 'Install it, or restore with --no-services and stop what is running by hand.',
  });
};

const saidAtMost = 10;

/** Its last words, and what it is. */
const saidBy = ({ stdout, stderr }: CommandEnd): string =>
  `${stderr}\n${stdout}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, saidAtMost)
    .join('; ');

/** Runs a command that must succeed. Fault `io-failed` with what it said. */
export const mustSucceed = async (words: readonly string[], variables: Variables, run: Run): Promise<CommandEnd> => {
  const ended = await askCommand(words, variables, run);
  if (ended.code === 0) return ended;
  const command = words.join(' ');
  throw new Fault('io-failed', `\`${command}\` ended with ${ended.code}: ${saidBy(ended)}`, {
    hint: 'Run it by hand to see more, or restore with --no-services and stop what is running by hand.',
    context: { command, code: ended.code },
  });
};
