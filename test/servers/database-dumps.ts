import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Component } from '../../src/contract/component.ts';
import { recordCapture } from '../../src/contract/recorded-capture.ts';
import type { ReadRequest, Verdict } from '../../src/contract/source.ts';
import { createTestRun, type TestRun } from '../../src/contract/test-run.ts';
import { Secret } from '../../src/model/secret.ts';
import { runServerMessages } from '../../src/cli/catalogue/english/run-server.ts';
import { databaseSetting } from '../../src/protocol/database/config.ts';
import type { DumpParts } from '../../src/protocol/database/parts.ts';

/** What a component needs, with a secret that is this one. */
export const parts = (password: string, variables: DumpParts['variables'] = process.env): DumpParts => ({
  readSecret: async () => new Secret(password),
  variables,
  spool: join(tmpdir(), 'mailkeep-test-spool'),
  words: runServerMessages,
});

/** As a configuration says it. */
export const settingOf = (setting: Readonly<Record<string, unknown>>) => databaseSetting((path) => path).parse(setting);

export interface Dumped {
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly texts: ReadonlyMap<string, string>;
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly run: TestRun;
}

/** Everything that a component gives. */
export const dump = async (component: Component, run = createTestRun()): Promise<Dumped> => {
  const source = await component.open(run);
  try {
    const recording = await recordCapture(source, undefined, run);
    const requests = recording.paths().flatMap((path): ReadRequest[] => {
      const child = recording.child(path);
      return child?.kind === 'fresh' ? [child] : [];
    });
    const files = new Map<string, Buffer[]>(requests.map(({ entry }) => [entry.name, []]));
    const verdicts = new Map<string, Verdict>();
    const nameOf = (request: number): string => requests[request]?.entry.name ?? '';
    for await (const delivery of source.read(requests, 'in-order', run)) {
      for (const { request, start, length } of delivery.pieces) {
        files.get(nameOf(request))?.push(Buffer.from(delivery.bytes.subarray(start, start + length)));
      }
      for (const { request, verdict } of delivery.verdicts) verdicts.set(nameOf(request), verdict);
      // As when a thread takes it: who sent it cannot use it any more.
      if (delivery.bytes.buffer instanceof ArrayBuffer)
        structuredClone(delivery.bytes.buffer, { transfer: [delivery.bytes.buffer] });
    }
    const contents = new Map([...files].map(([name, chunks]) => [name, Buffer.concat(chunks)]));
    return { contents, texts: new Map([...contents].map(([name, bytes]) => [name, bytes.toString()])), verdicts, run };
  } finally {
    await source.close();
  }
};

/** The fault of a dump that failed. */
export const faultOf = (verdict: Verdict | undefined) => {
  assert.ok(verdict?.kind === 'failed', `it failed: ${JSON.stringify(verdict)}`);
  return verdict.fault;
};

/** Reads the dump until so much of it has come, and then does something. */
export const readUntil = async (bytes: number, then: (run: TestRun) => Promise<void>, made: Component) => {
  const run = createTestRun();
  const source = await made.open(run);
  const recording = await recordCapture(source, undefined, run);
  const child = recording.child('large.sql');
  assert.ok(child?.kind === 'fresh');
  let [read, done] = [0, false];
  let verdict: Verdict | undefined;
  try {
    for await (const delivery of source.read([child], 'in-order', run)) {
      read += delivery.bytes.length;
      verdict = delivery.verdicts[0]?.verdict ?? verdict;
      if (done || read < bytes) continue;
      done = true;
      await then(run);
    }
  } finally {
    await source.close();
  }
  return { verdict, read };
};

/** Command lines and environments of all processes, those in containers too. */
export const seenInProc = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) =>
      ['cmdline', 'environ'].flatMap((file) => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, 'utf8');
        } catch {
          // It has ended.
          return [];
        }
      }),
    );
