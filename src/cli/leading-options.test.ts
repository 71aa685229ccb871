import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movedLeadingOptions } from './leading-options.ts';

const moved = (line: string): string => movedLeadingOptions(line.split(' '), (command) => command === 'key').join(' ');

test('options that all commands have may stand before the command, as with restic', () => {
  assert.equal(moved('-r /repo backup /home'), 'backup -r /repo /home');
  assert.equal(moved('--repo=/repo -q -p file snapshots --json'), 'snapshots --repo=/repo -q -p file --json');
  assert.equal(moved('-r/repo -vv ls latest'), 'ls -r/repo -vv latest');
  assert.equal(moved('-r /repo key list'), 'key list -r /repo');
  assert.equal(moved('-r /repo key --help'), 'key -r /repo --help');
});

test('everything else stays where it is', () => {
  for (const line of ['backup -r /repo /home', '--help', '--version', '--unknown backup', '-r', '-r /repo']) {
    assert.equal(moved(line), line);
  }
});
