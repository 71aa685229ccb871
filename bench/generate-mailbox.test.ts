import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { changeMailbox, generateMailbox, parseSize, type Summary } from './generate-mailbox.ts';
import type { MailboxKind, MailboxOptions } from './mailbox/plan.ts';

let scratch = '';
before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mailkeep-generator-'));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function optionsFor(name: string, kind: MailboxKind, seed = 1): MailboxOptions {
  const messages = 240;
  const bytes = messages * (kind === 'tiny' ? 2_000 : 8_000);
  return { directory: join(scratch, name), kind, messages, bytes, folders: 12, seed };
}

interface Message {
  /** Below the mailbox's directory. */
  readonly path: string;
  readonly size: number;
  readonly mtime: number;
  readonly inode: number;
  readonly bytes: Buffer;
}

function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => lstatSync(join(directory, name)).isFile())
    .sort();
}

function messagesOf(directory: string): Message[] {
  return filesOf(directory)
    .filter((path) => ['cur', 'new', 'tmp'].includes(basename(dirname(path))))
    .map((path) => {
      const { size, mtimeMs, ino } = lstatSync(join(directory, path));
      return { path, size, mtime: mtimeMs / 1000, inode: ino, bytes: readFileSync(join(directory, path)) };
    });
}

/** Names, mtimes and bytes of all, as one digest. */
function digestOf(directory: string): string {
  const hash = createHash('sha256');
  for (const path of filesOf(directory)) {
    hash.update(`${path}\0`).update(readFileSync(join(directory, path)));
  }
  for (const { path, mtime } of messagesOf(directory)) hash.update(`${path}\0${mtime}\n`);
  return hash.digest('hex');
}

/** Messages without what the last hop added. */
function asSent(message: Message): string {
  const text = message.bytes.toString('latin1');
  return text.slice(text.indexOf('\nReceived: from relay'));
}

function uidLists(directory: string): { path: string; next: number; uids: number[]; names: Set<string> }[] {
  return filesOf(directory)
    .filter((path) => basename(path) === 'dovecot-uidlist')
    .map((path) => {
      const [header = '', ...lines] = readFileSync(join(directory, path), 'utf8').trimEnd().split('\n');
      const match = /^3 V\d+ N(\d+) G[0-9a-f]{32}$/.exec(header);
      assert.ok(match, `${path} begins with ${header}`);
      const records = lines.map((line) => /^(\d+) :(.+)$/.exec(line) ?? assert.fail(`${path}: ${line}`));
      return {
        path: dirname(path),
        next: Number(match[1]),
        uids: records.map(([, uid]) => Number(uid)),
        names: new Set(records.map(([, , name = '']) => name)),
      };
    });
}

describe('the generator of mailboxes', () => {
  const kinds: readonly MailboxKind[] = ['standard', 'shared-attachments', 'tiny'];
  for (const kind of kinds) {
    describe(kind, () => {
      let options: MailboxOptions;
      let summary: Summary;
      let messages: Message[];
      before(async () => {
        options = optionsFor(kind, kind);
        summary = await generateMailbox(options);
        messages = messagesOf(options.directory);
      });

      test('writes as many messages and bytes as it says, into as many folders', () => {
        assert.equal(messages.length, 240);
        assert.deepEqual(summary, {
          messages: 240,
          bytes: messages.reduce((sum, { size }) => sum + size, 0),
          folders: 12,
          accounts: 2,
        });
        assert.equal(uidLists(options.directory).length, 12);
      });

      test('writes the same again for the same seed, and something else for another', async () => {
        const again = { ...options, directory: `${options.directory}-again` };
        const other = { ...options, directory: `${options.directory}-other`, seed: 2 };
        await generateMailbox(again);
        await generateMailbox(other);
        assert.equal(digestOf(again.directory), digestOf(options.directory));
        assert.notEqual(digestOf(other.directory), digestOf(options.directory));
      });

      test('names each message with its time, true sizes and sorted flags, as Dovecot does', () => {
        for (const { path, size, mtime, bytes } of messages) {
          const match = /^(\d+)\.M\d+P\d+\.mail01,S=(\d+),W=(\d+)(?::2,(F?R?S?a?))?$/.exec(basename(path));
          assert.ok(match, path);
          const lines = bytes.filter((byte) => byte === 10).length;
          assert.deepEqual([Number(match[1]), Number(match[2]), Number(match[3])], [mtime, size, size + lines], path);
          assert.equal(match[4] === undefined, basename(dirname(path)) === 'new', path);
          assert.ok(!bytes.includes(13), `${path} has CR`);
        }
        const years = new Set(messages.map(({ mtime }) => new Date(mtime * 1000).getUTCFullYear()));
        assert.ok(years.size > 10, `only ${years.size} years`);
      });

      test('lists every message in its folder’s dovecot-uidlist under a rising UID', () => {
        const listed = uidLists(options.directory).flatMap(({ path, next, uids, names }) => {
          assert.deepEqual(
            uids,
            Array.from({ length: next - 1 }, (_, index) => index + 1),
          );
          const there = ['cur', 'new'].flatMap((name) => readdirSync(join(options.directory, path, name)));
          assert.deepEqual(new Set(there), names);
          return there;
        });
        assert.equal(listed.length, 240);
      });

      test('gives every message a header and multiparts a boundary that ends them', () => {
        for (const { path, bytes } of messages) {
          const text = bytes.toString('latin1');
          const [head = ''] = text.split('\n\n');
          for (const name of [
            'Return-Path',
            'Delivered-To',
            'Received',
            'Date',
            'From',
            'Message-ID',
            'Content-Type',
          ]) {
            assert.match(head, new RegExp(`^${name}: `, 'm'), path);
          }
          const boundary = /boundary="(.+)"/.exec(head)?.[1];
          if (boundary !== undefined) assert.ok(text.endsWith(`\n--${boundary}--\n`), path);
        }
      });
    });
  }

  test('standard mail never repeats; with shared attachments one message lies in several folders with other delivery headers', () => {
    const counts = (kind: MailboxKind): number[] => {
      const seen = new Map<string, number>();
      for (const message of messagesOf(join(scratch, kind))) {
        seen.set(asSent(message), (seen.get(asSent(message)) ?? 0) + 1);
      }
      return [...seen.values()];
    };
    assert.deepEqual(new Set(counts('standard')), new Set([1]));
    assert.ok(Math.max(...counts('shared-attachments')) > 3);
    const whole = messagesOf(join(scratch, 'shared-attachments')).map(({ bytes }) => bytes.toString('latin1'));
    assert.equal(new Set(whole).size, whole.length);
  });

  test('shared attachments come again in other messages behind other boundaries', () => {
    const boundaries = new Map<string, Set<string>>();
    for (const { bytes } of messagesOf(join(scratch, 'shared-attachments'))) {
      const text = bytes.toString('latin1');
      for (const [, attachment = ''] of text.matchAll(
        /filename=".*"\nContent-Transfer-Encoding: base64\n\n([^-]+)\n--/g,
      )) {
        const boundary = /boundary="(.+)"/.exec(text)?.[1] ?? '';
        boundaries.set(attachment, (boundaries.get(attachment) ?? new Set()).add(boundary));
      }
    }
    assert.ok(Math.max(...[...boundaries.values()].map((set) => set.size)) > 1);
  });

  test('a day adds the messages and renames the ones that it counts, and changes nothing in place', async () => {
    const options = optionsFor('changed', 'tiny');
    await generateMailbox(options);
    const before = new Map(messagesOf(options.directory).map((message) => [message.inode, message]));
    const changed = changeMailbox(options, { round: 1, added: 0.1, renamed: 0.05 });
    const now = messagesOf(options.directory);
    const added = now.filter(({ inode }) => !before.has(inode));
    const renamed = now.filter(({ inode, path }) => before.has(inode) && before.get(inode)?.path !== path);
    assert.deepEqual(changed, {
      added: added.length,
      addedBytes: added.reduce((sum, { size }) => sum + size, 0),
      renamed: renamed.length,
    });
    assert.deepEqual([added.length, renamed.length, now.length], [24, 12, 264]);
    for (const { inode, path, bytes, mtime } of now) {
      const old = before.get(inode);
      if (old === undefined) continue;
      assert.ok(old.bytes.equals(bytes) && old.mtime === mtime, path);
      assert.equal(path.split(':2,')[0], old.path.split(':2,')[0]);
    }
    const listed = uidLists(options.directory);
    for (const { next, uids } of listed) assert.equal(uids.at(-1), next - 1);
    assert.equal(listed.flatMap(({ uids }) => uids).length, 264);
  });

  test('the same days make the same mailbox', async () => {
    const digests: string[] = [];
    for (const name of ['days-a', 'days-b']) {
      const options = optionsFor(name, 'tiny');
      await generateMailbox(options);
      for (const round of [1, 2]) changeMailbox(options, { round, added: 0.05, renamed: 0.05 });
      digests.push(digestOf(options.directory));
    }
    assert.equal(digests[0], digests[1]);
  });

  test('a day may happen in some folders only', async () => {
    const options = optionsFor('some-folders', 'tiny');
    await generateMailbox(options);
    const before = uidLists(options.directory).map(({ next }) => next);
    changeMailbox(options, { round: 1, added: 0.05, renamed: 0, folders: 0.25 });
    const now = uidLists(options.directory).map(({ next }) => next);
    assert.equal(now.filter((next, index) => next !== before[index]).length, 3);
    assert.equal(messagesOf(options.directory).length, 252);
  });

  test('a directory with something in it is refused', async () => {
    await assert.rejects(generateMailbox(optionsFor('tiny', 'tiny')), /not empty/);
  });

  test('sizes are read with powers of ten', () => {
    assert.deepEqual(['1.5G', '300M', '2k', '17'].map(parseSize), [1_500_000_000, 300_000_000, 2_000, 17]);
    assert.throws(() => parseSize('1 GB'), /no size/);
  });
});
