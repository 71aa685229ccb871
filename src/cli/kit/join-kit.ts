import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { Fault } from '../../model/fault.ts';
import { joinShares } from '../../model/secret-share.ts';
import { parseShare } from '../../model/share-text.ts';
import { writeFirst } from '../../system/durable-file.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { exitCode } from '../exit-code.ts';
import { readIfThere } from './write-kit.ts';

export interface JoinOptions extends GlobalOptions {
  readonly passwordTo: string;
}

const typedShares = async ({ output, messages }: CommandContext): Promise<readonly string[]> => {
  if (process.stdin.isTTY) output.say(messages.kitTypeShares());
  const typed = await textOf(process.stdin);
  return typed
    .split(/\n[ \t]*\n/)
    .filter((part) => part.split('\n').some((line) => line.trim() !== '' && !line.trimStart().startsWith('#')));
};

/** Makes a password of its shares. Faults: `usage`, `target-occupied`, those of a mistyped share. */
export const joinKit = async (
  files: readonly string[],
  { passwordTo, json }: JoinOptions,
  context: CommandContext,
): Promise<number> => {
  const { output, messages } = context;
  const texts =
    files.length === 0 ? (await typedShares(context)).map((text, at) => ({ text, label: `share ${at + 1}` })) : [];
  for (const file of files) {
    const text = await readIfThere(resolve(file));
    if (text === undefined)
      throw new Fault('usage', `there is no file ${file}`, { hint: 'Give the files with the shares.' });
    texts.push({ text, label: `the share in ${file}` });
  }
  const secret = joinShares(texts.map(({ text, label }) => parseShare(text, label)));
  const target = resolve(passwordTo);
  if ((await readIfThere(target)) !== undefined) {
    throw new Fault('target-occupied', `${target} is there already`, { hint: 'Give the name of a new file.' });
  }
  await writeFirst(target, `${new TextDecoder().decode(secret)}\n`);
  if (json) output.print(JSON.stringify({ message_type: 'kit_joined', file: target }));
  else output.print(messages.kitJoined(target));
  return exitCode.good;
};
