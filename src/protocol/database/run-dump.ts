import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import { dumpEndingBytes, dumpEndingOf } from '../../model/dump-ending.ts';
import { Fault } from '../../model/fault.ts';
import { withOutput } from './program-fault.ts';
import type { ProgramEnd, StartedProgram } from './start-program.ts';

export interface DumpCall {
  /** Whose ending is looked for: `usermgmt.sql`. */
  readonly name: string;
  /** For people: `the database usermgmt`. */
  readonly subject: string;
  start(run: Run): Promise<StartedProgram>;
  fault(end: ProgramEnd, what: string): Fault;
}

/**
 * What a program writes, as it comes. It ends well only when the program ended with 0 and what it wrote ends as a whole dump does;
 * otherwise it throws a Fault that says what the program said. However the receiver stops, the program is ended.
 */
export async function* runDump({ name, subject, start, fault }: DumpCall, run: Run): AsyncGenerator<Uint8Array, void> {
  throwIfInterrupted(run);
  const program = await start(run);
  let ending = '';
  try {
    try {
      for await (const chunk of program.output) {
        throwIfInterrupted(run);
        if (!Buffer.isBuffer(chunk)) continue;
        ending = endingWith(ending, chunk);
        // A copy, which the receiver may give away.
        yield new Uint8Array(chunk);
      }
    } catch (error) {
      throwIfInterrupted(run);
      throw error;
    }
    const end = await program.ended;
    throwIfInterrupted(run);
    if (end.code !== 0) throw fault(withOutput(end, ending), `${subject} cannot be dumped`);
    if (dumpEndingOf(name, ending) === 'cut') throw cutFault(subject);
  } finally {
    await program.stop();
  }
}

const endingWith = (ending: string, chunk: Buffer): string =>
  chunk.length >= dumpEndingBytes
    ? chunk.toString('latin1', chunk.length - dumpEndingBytes)
    : (ending + chunk.toString('latin1')).slice(-dumpEndingBytes);

const cutFault = (subject: string): Fault =>
  new Fault(
    'entry-unreadable',
    `the dump of ${subject} broke off: its program ended well, but the last line of a dump is not there`,
    {
      hint: 'Look whether an option file of the server tells the program to leave it out, and at the log of the server.',
      retry: true,
    },
  );
