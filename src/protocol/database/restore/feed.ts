import { once } from 'node:events';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { ProgramEnd, StartedProgram } from '../start-program.ts';

/** Writes at the pace of whoever reads, until nobody does any more. */
const writeAll = async (program: StartedProgram, bytes: AsyncIterable<Uint8Array>, run: Run): Promise<void> => {
  const { input } = program;
  const over = Promise.race([program.ended, once(input, 'close').catch(() => undefined)]);
  for await (const part of bytes) {
    throwIfInterrupted(run);
    if (input.destroyed || input.errored !== null) return;
    if (input.write(part)) continue;
    await Promise.race([once(input, 'drain').catch(() => undefined), over]);
  }
};

/** Gives a dump to a program that loads it, and waits until it has; what it prints is passed over. */
export const feed = async (
  program: StartedProgram,
  bytes: AsyncIterable<Uint8Array>,
  run: Run,
): Promise<ProgramEnd> => {
  try {
    program.output.resume();
    await writeAll(program, bytes, run);
    program.input.end();
    const end = await program.ended;
    throwIfInterrupted(run);
    return end;
  } catch (error) {
    throwIfInterrupted(run);
    throw error;
  } finally {
    await program.stop();
  }
};
