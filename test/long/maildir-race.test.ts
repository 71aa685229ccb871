import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nameOf, pathOf, recordCapture } from '../../src/contract/recorded-capture.ts';
import { readStrictly } from '../../src/contract/source.suite.ts';
import { identityOf } from '../../src/mail/maildir-name.ts';
import { makeMaildir } from '../../src/protocol/maildir/maildir-fixture.ts';
import { startRenaming } from '../../src/protocol/maildir/renaming-process.ts';

describe('a large folder whose flags change all the time', () => {
  test('S1: in thirty captures of 20,000 messages none is missed', { timeout: 30 * 60_000 }, async () => {
    using maildir = makeMaildir();
    const count = 20_000;
    for (let at = 0; at < count; at++) maildir.write(`cur/1700.M${String(at)}.host:2,`, `message ${String(at)}`);
    const base = await maildir.base(await maildir.capture());
    await using _ = await startRenaming(join(maildir.directory, 'cur'));
    for (let round = 0; round < 30; round++) {
      // Every other time without a base: then all of them must be found and read.
      const source = maildir.source();
      const recording = await recordCapture(source, round % 2 === 0 ? base : undefined, maildir.run);
      const listing = recording.directories.get(maildir.at('cur'))?.listing;
      assert.ok(listing?.kind === 'listed');
      const identities = new Set(listing.children.map((child) => identityOf(nameOf(child))));
      assert.equal(listing.children.length, identities.size, 'none comes twice');
      const lost = listing.children.filter((child) => child.kind === 'carried' && child.base === undefined);
      console.log(`round ${String(round)}: ${String(count - identities.size)} missed, ${String(lost.length)} lost`);
      if (round % 2 === 0) assert.equal(identities.size, count);
      assert.equal(lost.length, 0);
    }
  });

  test(
    'S1: every message that is gone when it is opened is found again and read',
    { timeout: 10 * 60_000 },
    async () => {
      using maildir = makeMaildir();
      const count = 2000;
      for (let at = 0; at < count; at++) maildir.write(`cur/1700.M${String(at)}.host:2,`, `message ${String(at)}`);
      await using _ = await startRenaming(join(maildir.directory, 'cur'));
      const source = maildir.source();
      const recording = await recordCapture(source, undefined, maildir.run);
      const listing = recording.directories.get(maildir.at('cur'))?.listing;
      assert.ok(listing?.kind === 'listed');
      const path = pathOf(maildir.at('cur'));
      let read = 0;
      for (const child of listing.children.slice(0, 200)) {
        assert.ok(child.kind === 'fresh');
        let request = child;
        for (let attempt = 0; attempt < 50; attempt++) {
          const { verdicts, texts } = await readStrictly(source, [request], maildir.run);
          if (verdicts[0]?.kind === 'complete' || verdicts[0]?.kind === 'changed') {
            assert.match(texts[0] ?? '', /^message \d+$/);
            read++;
            break;
          }
          const found = await source.relocate(path, request.entry, maildir.run);
          if (found !== undefined) request = found;
        }
      }
      assert.equal(read, 200);
    },
  );
});
