import { runCommand } from '../requirement/command.ts';
import { type Tally, oneFailed, onePassed } from './tally.ts';

/** Runs a checking program; what it says is shown only when it finds fault. */
export async function check(program: string, args: readonly string[], print: (line: string) => void): Promise<Tally> {
  const result = await runCommand(program, args);
  if (result.code === 0) return onePassed;
  const said = `${result.stdout}${result.stderr}`.trimEnd();
  print(said);
  return { ...oneFailed, faults: [said] };
}
