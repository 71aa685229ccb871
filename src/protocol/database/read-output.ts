import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import { withOutput } from './program-fault.ts';
import type { ProgramEnd, StartedProgram } from './start-program.ts';

/** Gives a program its whole input, and takes all it writes, which must be little. It has ended afterwards. */
export const readOutput = async (
  program: StartedProgram,
  input: string,
  run: Run,
): Promise<{ readonly output: string; readonly end: ProgramEnd }> => {
  try {
    program.input.end(input);
    const chunks: Buffer[] = [];
    for await (const chunk of program.output) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const end = await program.ended;
    throwIfInterrupted(run);
    const output = Buffer.concat(chunks).toString('utf8');
    return { output, end: withOutput(end, output) };
  } catch (error) {
    throwIfInterrupted(run);
    throw error;
  } finally {
    await program.stop();
  }
};
