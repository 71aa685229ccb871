import type { Output } from './output.ts';

/** Writes very many lines of a result: in large pieces, and no faster than they are taken. */
export interface LineWriter {
  /** Text as it is, without a line break of its own. */
  readonly add: (text: string) => void;
  readonly line: (line: string) => void;
  /** To be awaited now and then: resolves at once while little is waiting. */
  readonly drain: () => Promise<void>;
  /** Writes what is left. */
  readonly end: () => Promise<void>;
}

const pieceLength = 65_536;
const encoder = new TextEncoder();

export const createLineWriter = (output: Output): LineWriter => {
  let waiting = '';
  const end = async (): Promise<void> => {
    if (waiting === '') return;
    const piece = encoder.encode(waiting);
    waiting = '';
    await output.write(piece);
  };
  const add = (text: string): void => {
    waiting += text;
  };
  return {
    add,
    line: (line) => add(`${line}\n`),
    drain: async () => {
      if (waiting.length >= pieceLength) await end();
    },
    end,
  };
};
