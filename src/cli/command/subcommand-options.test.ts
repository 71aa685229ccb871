import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import type { GlobalOptions } from '../context.ts';
import type { DefineCommand } from '../define-command.ts';
import { historyCommand } from './history.ts';
import { holdCommand } from './hold.ts';
import { kitCommand } from './kit.ts';

/** The options that reach the action of a command. */
const heard = async (define: DefineCommand, words: readonly string[]): Promise<GlobalOptions | undefined> => {
  let options: GlobalOptions | undefined;
  const command = define(async (given) => {
    options = given;
  });
  await new Command('mailkeep')
    .enablePositionalOptions()
    .addCommand(command)
    .parseAsync([...words], { from: 'user' });
  return options;
};

test('S8: what stands behind a command of a command is its own, so that a hold goes to the repository that is named', async () => {
  const common = ['-r', 'other', '--config', 'file', '--json'];
  for (const [define, words] of [
    [holdCommand, ['hold', 'add', '--mailbox', 'alice@example.com', '--reason', 'suit']],
    [holdCommand, ['hold', 'list']],
    [holdCommand, ['hold', 'release', '1234', '--reason', 'settled']],
    [kitCommand, ['kit', 'join', '--password-to', 'password']],
    [historyCommand, ['history', 'show', '1234']],
  ] as const) {
    const options = await heard(define, [...words, ...common]);
    assert.deepEqual([options?.repo, options?.config, options?.json], ['other', 'file', true], words.join(' '));
  }
});
