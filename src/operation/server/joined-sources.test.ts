import assert from 'node:assert/strict';
import { test } from 'node:test';
import { description } from '../../contract/store-fixture.ts';
import { baseOf, recordCapture } from '../../contract/recorded-capture.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { createMemorySource, memoryDirectory, memoryFile, type MemoryDirectory } from '../../protocol/memory/source.ts';
import { createMemoryStorePlace } from '../../store/memory/place.ts';
import { createMemoryStore } from '../../store/memory/store.ts';
import { compare } from '../compare.ts';
import { joinSources } from './joined-sources.ts';

const mail = memoryDirectory({ vmail: memoryDirectory({ one: memoryFile('first'), two: memoryFile('second') }) });
const keys = memoryDirectory({ 'default.private': memoryFile('key') });

const joined = (parts: Readonly<Record<string, MemoryDirectory>>) =>
  joinSources(
    Object.entries(parts).map(([name, tree]) => ({ name: byteStringOfText(name), source: createMemorySource(tree) })),
  );

test('sources side by side are one tree, in byte order whatever order they come in', async () => {
  const run = createTestRun();
  const recording = await recordCapture(joined({ mail, dkim: keys }), undefined, run);
  assert.deepEqual(recording.paths(), [
    'dkim',
    'dkim/default.private',
    'mail',
    'mail/vmail',
    'mail/vmail/one',
    'mail/vmail/two',
  ]);
  assert.equal(recording.directories.get('mail')?.metadata?.mode, 0o700);
});

test('each source is captured against its own folder of the base, and knows again what is there', async () => {
  const run = createTestRun();
  const first = await recordCapture(joined({ mail, dkim: keys }), undefined, run);
  const base = await baseOf(first, { scannedAt: run.now() }, run);
  const second = await recordCapture(joined({ mail, dkim: keys }), base, run);
  assert.equal(second.child('mail/vmail/one')?.kind, 'same');
  assert.equal(second.child('dkim/default.private')?.kind, 'same');
});

test('what is read in one go comes from the source that has it', async () => {
  const run = createTestRun();
  const store = createMemoryStore(createMemoryStorePlace());
  const { snapshot, unreadable } = await store.write(joined({ mail, dkim: keys }), { description }, run);
  assert.equal(unreadable, 0);
  const stored = await store.open(snapshot?.id ?? '', run);
  const options = { metadata: true, contents: 'read' } as const;
  const differences = await Array.fromAsync(compare(stored, joined({ mail, dkim: keys }), options, run));
  assert.deepEqual(differences, []);
});
