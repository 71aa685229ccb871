import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fateOfProcess, ownProcessStamp, type ProcessStamp } from './process-stamp.ts';

const own = ownProcessStamp();
const skip = own === undefined ? 'this system does not tell what a process is known by' : false;
const stamp: ProcessStamp = own ?? { pid: 0, start: '', boot: '', namespace: '', machine: '' };
const outermost = 'pid:[4026531836]';

test('this process runs, one that has ended is over, and so is one whose number another has got', { skip }, () => {
  assert.equal(fateOfProcess(stamp), 'running');
  const { pid } = spawnSync(process.execPath, ['--version']);
  assert.equal(fateOfProcess({ ...stamp, pid }), 'over');
  assert.equal(fateOfProcess({ ...stamp, start: `${stamp.start}0` }), 'over');
});

test('nothing is said of another machine, nor of a container from outside of it', () => {
  const here = { ...stamp, pid: process.pid };
  assert.equal(fateOfProcess({ ...here, machine: 'another' }, here), 'unknown');
  assert.equal(fateOfProcess({ ...here, namespace: 'pid:[1]', pid: 2 ** 22 + 1 }, here), 'unknown');
  assert.equal(fateOfProcess({ ...here, machine: 'another', boot: 'another' }, here), 'unknown');
});

test('a start of the machine ends what ran before it, unless a container has seen either', () => {
  const here = { ...stamp, namespace: outermost };
  assert.equal(fateOfProcess({ ...here, boot: 'before' }, here), 'over');
  assert.equal(fateOfProcess({ ...here, boot: 'before', namespace: 'pid:[1]' }, here), 'unknown');
  assert.equal(fateOfProcess({ ...here, boot: 'before' }, { ...here, namespace: 'pid:[1]' }), 'unknown');
});
