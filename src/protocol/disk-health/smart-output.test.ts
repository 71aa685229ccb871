import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isGrave, smartTroubles, type SmartTrouble } from '../../model/smart-judgement.ts';
import { askSmart } from './ask-smart.ts';
import {
  ageingAta,
  failingAta,
  failingNvme,
  healthyAta,
  healthyNvme,
  noRights,
  unknownBridge,
  virtualDisk,
} from './smart-fixture.ts';
import { parseSmart } from './smart-output.ts';

const troublesOf = (output: object): readonly SmartTrouble[] => {
  const look = parseSmart(JSON.stringify(output))?.look;
  assert.ok(look !== undefined);
  return smartTroubles(look);
};

test('B14: disks that are well are told as well, with what they are', () => {
  assert.deepEqual(troublesOf(healthyAta), []);
  assert.deepEqual(troublesOf(healthyNvme), []);
  const look = parseSmart(JSON.stringify(healthyAta))?.look;
  assert.deepEqual(
    [look?.model, look?.celsius, look?.hours, look?.isRotating],
    ['WDC WD40EFRX-68N32N0', 34, 31042, true],
  );
});

test('B14: a hard disk that fails says all that is wrong with it', () => {
  assert.deepEqual(troublesOf(failingAta), [
    { kind: 'failing' },
    { kind: 'sectors', what: 'reallocated', count: 1968 },
    { kind: 'sectors', what: 'pending', count: 24 },
    { kind: 'sectors', what: 'uncorrectable', count: 16 },
    { kind: 'attribute', name: 'Reallocated_Sector_Ct' },
    { kind: 'self-test', result: 'Completed: read failure' },
    { kind: 'hot', celsius: 58 },
  ]);
  assert.ok(troublesOf(failingAta).some(isGrave));
});

test('B14: sectors that were given others in time are worth an eye, and a self-test that was aborted is nothing', () => {
  const troubles = troublesOf(ageingAta);
  assert.deepEqual(troubles, [{ kind: 'sectors', what: 'reallocated', count: 8 }]);
  assert.equal(troubles.some(isGrave), false);
});

test('B14: an NVMe that fails says all that is wrong with it', () => {
  assert.deepEqual(troublesOf(failingNvme), [
    { kind: 'failing' },
    { kind: 'nvme-warning', what: ['spare', 'reliability', 'read-only'] },
    { kind: 'spare', percent: 4, threshold: 10 },
    { kind: 'media-errors', count: 87 },
    { kind: 'worn', percent: 112 },
    { kind: 'self-test', result: 'Completed: failed segments' },
    { kind: 'hot', celsius: 74 },
  ]);
});

test('what is no output of smartctl is none, and what says nothing of health is no look', () => {
  assert.equal(parseSmart(''), undefined);
  assert.equal(parseSmart('{"smartctl":{}}'), undefined);
  assert.equal(parseSmart(JSON.stringify(virtualDisk))?.look, undefined);
});

/** A program that answers as smartctl has, by whether it is given `-d sat`. */
const smartctl = async (t: TestContext, plain: object, asSat: object = plain): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-smartctl-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'plain'), JSON.stringify(plain));
  await writeFile(join(folder, 'sat'), JSON.stringify(asSat));
  const program = join(folder, 'smartctl');
  await writeFile(program, `#!/bin/sh\ncase "$*" in *"-d sat"*) cat ${folder}/sat;; *) cat ${folder}/plain;; esac\n`);
  await chmod(program, 0o700);
  return program;
};

test('B14: what cannot be told has a sentence of its own each', async (t) => {
  const { signal } = new AbortController();
  const kindOf = async (...outputs: Parameters<typeof smartctl> extends [unknown, ...infer Rest] ? Rest : never) =>
    (await askSmart('sda', signal, [await smartctl(t, ...outputs)])).kind;
  assert.equal((await askSmart('sda', signal, ['/nowhere/smartctl'])).kind, 'not-installed');
  assert.equal(await kindOf(noRights), 'no-rights');
  assert.equal(await kindOf(virtualDisk), 'no-smart');
  assert.equal(await kindOf(unknownBridge), 'usb-bridge');
  assert.equal(await kindOf(unknownBridge, healthyAta), 'known');
  assert.equal(await kindOf(failingAta), 'known');
});
