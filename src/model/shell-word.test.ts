import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { shellCommand, shellWord } from './shell-word.ts';

test('what has no meaning to a shell stays as it is', () => {
  assert.equal(
    shellCommand('cp', '--archive', '/mnt/backup-hdd/mail/.', '/var/mail/'),
    'cp --archive /mnt/backup-hdd/mail/. /var/mail/',
  );
});

test('a shell reads each word as it was, and the line stays one line', () => {
  for (const word of [
    '',
    'a b',
    "it's",
    '$HOME `id` "x" \\',
    '例え 😀',
    '*',
    '~',
    '-',
    '#x',
    'a\nb\tc\x1b[31m',
    "\\'\n",
    '!x',
  ]) {
    const written = shellWord(word);
    assert.doesNotMatch(written, /[\x00-\x1f\x7f]/);
    assert.equal(execFileSync('bash', ['-c', `printf %s ${written}`], { encoding: 'utf8' }), word);
  }
});
