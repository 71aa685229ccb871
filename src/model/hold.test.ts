import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { byteStringOfText } from './byte-string.ts';
import type { NoteOrigin } from './evidence-note.ts';
import { createFolderSearch, type FolderTree, parseFolderPattern } from './folder-match.ts';
import { type HoldEntry, type HoldNote, isDue, type KnownHoldLine, readHoldLog, standingHolds } from './hold.ts';
import { formatHoldLine, parseHoldLine } from './hold-line.ts';

const common = { time: '2026-11-26T20:00:00.000Z', host: 'mail1', user: 'root', reason: 'case 12' };
const [first, second] = ['a'.repeat(16), 'b'.repeat(16)];
const begins: HoldEntry = {
  ...common,
  kind: 'hold',
  id: first,
  hold: first,
  subject: { kind: 'address', address: 'alice@example.com', paths: [] },
  until: '2027-01-31',
};
const ends: HoldEntry = { ...common, kind: 'release', id: second, hold: first };

const line = (entry: HoldEntry, origin: NoteOrigin = { kind: 'own' }): KnownHoldLine => ({
  text: formatHoldLine(entry).trimEnd(),
  entry: parseHoldLine(formatHoldLine(entry)),
  origin,
});
const note = (entry: HoldEntry, lines: readonly KnownHoldLine[] | undefined): HoldNote => ({
  about: [{ kind: entry.kind, id: entry.id }],
  lines,
});
const standing = (notes: readonly HoldNote[], anybody = false): readonly string[] =>
  standingHolds(readHoldLog(notes, anybody)).map(({ id }) => id);

describe('S8: the log of holds', () => {
  test('a line is read as it was written, and a reason may hold anything', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (reason, caseId) => {
        const entry: HoldEntry = { ...begins, reason, caseId };
        assert.deepEqual(parseHoldLine(formatHoldLine(entry)), entry);
        assert.equal(formatHoldLine(entry).indexOf('\n'), formatHoldLine(entry).length - 1);
      }),
    );
  });

  test('a hold stands until a release of a known machine; it can be seen that somebody wanted to be reminded', () => {
    const held = [note(begins, [line(begins)])];
    assert.deepEqual(standing(held), [first]);
    assert.deepEqual(standing([...held, note(ends, [line(begins), line(ends)])]), []);
    assert.deepEqual(standing([...held, note(ends, [line(ends, { kind: 'given', key: 'k' })])]), []);
    const [hold] = readHoldLog(held, false).holds;
    assert.ok(hold !== undefined && isDue(hold, '2027-01-31') && !isDue(hold, '2027-01-30'));
  });

  test('S6: a release that is forged, or of a machine that is not known, ends nothing and is told', () => {
    const origins: readonly NoteOrigin[] = [
      { kind: 'forged' },
      { kind: 'unsigned' },
      { kind: 'unreadable' },
      { kind: 'strange', key: 'k' },
    ];
    for (const origin of origins) {
      const notes: readonly HoldNote[] = [note(begins, [line(begins)]), note(ends, [line(ends, origin)])];
      assert.deepEqual(standing(notes), [first], origin.kind);
      const doubt = origin.kind === 'forged' ? 'forged' : 'release-not-believed';
      assert.equal(readHoldLog(notes, false).doubts[0]?.kind, doubt);
      assert.deepEqual(standing(notes, true), origin.kind === 'forged' ? [first] : []);
    }
  });

  test('a hold counts whoever wrote it, and a narrower line of the same id takes nothing away', () => {
    const narrow: HoldEntry = { ...begins, subject: { kind: 'snapshots', ids: [] } };
    const log = readHoldLog(
      [note(begins, [line(begins, { kind: 'forged' }), line(narrow, { kind: 'forged' })])],
      false,
    );
    assert.deepEqual(
      standingHolds(log)[0]?.subjects.map(({ kind }) => kind),
      ['address', 'snapshots'],
    );
  });

  test('what cannot be read and is repeated nowhere holds everything until it is released by its name', () => {
    const lost = note(begins, undefined);
    const log = readHoldLog([lost], false);
    assert.deepEqual(standingHolds(log)[0]?.subjects, [{ kind: 'everything' }]);
    assert.deepEqual(standing([lost, note(ends, [line(ends)])]), []);
    const repeated = readHoldLog([lost, note(ends, [line(begins)])], false);
    assert.deepEqual(standingHolds(repeated)[0]?.subjects[0]?.kind, 'address');
    assert.deepEqual(repeated.doubts, [{ kind: 'unreadable', id: first, isRepeated: true }]);
    const strange: KnownHoldLine = { text: '{"version":2}', entry: undefined, origin: { kind: 'unsigned' } };
    assert.deepEqual(standingHolds(readHoldLog([note(ends, [strange])], false))[0]?.subjects[0]?.kind, 'everything');
  });

  test('whatever notes are lost but the newest, no hold is', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), (isThere) => {
        const entries = isThere.map((_, number): HoldEntry => {
          const id = number.toString(16).padStart(16, '0');
          return { ...begins, id, hold: id };
        });
        const notes: readonly HoldNote[] = entries.map((entry, at) =>
          note(
            entry,
            entries.slice(0, at + 1).map((one) => line(one)),
          ),
        );
        const left = notes.filter((_, at) => isThere[at] === true || at === notes.length - 1);
        assert.deepEqual(
          standing(left),
          entries.map(({ id }) => id),
        );
      }),
    );
  });
});

describe('S8: a mailbox in a tree', () => {
  interface Folder {
    readonly [name: string]: Folder;
  }
  const maildir: Folder = { cur: {}, new: {}, tmp: {}, '.Sent': { cur: {}, new: {} } };
  const tree: FolderTree<Folder> = {
    key: () => undefined,
    folders: async (folder) => new Map(Object.entries(folder).map(([name, inner]) => [byteStringOfText(name), inner])),
  };
  const finds = (text: string, root: Folder): Promise<boolean> =>
    createFolderSearch(parseFolderPattern(text), tree)(root);
  const plain: Folder = { mail: { vmail: { 'Example.com': { alice: maildir, bob: { Maildir: maildir } } } } };
  const hashed: Folder = {
    vmail1: { 'example.com': { a: { l: { i: { 'alice-2025.11.07.10.00.00': { Maildir: maildir } } } } } },
  };

  test('is found as mail servers lay it out, and nobody else’s is', async () => {
    for (const root of [plain, hashed, { Mail: { 'Alice@example.com': maildir } }]) {
      assert.ok(await finds('alice@example.com', root));
      assert.ok(!(await finds('alic@example.com', root)));
      assert.ok(!(await finds('alice@example.org', root)));
      assert.ok(!(await finds('carol@example.com', root)));
    }
  });

  test('is found by a folder from the root, or at any depth', async () => {
    assert.ok(await finds('/mail/vmail/Example.com/alice', plain));
    assert.ok(!(await finds('/vmail/Example.com/alice', plain)));
    assert.ok(await finds('Example.com/alice/.Sent', plain));
    assert.ok(await finds('vmail', plain));
    assert.ok(!(await finds('Example.com/carol', plain)));
  });
});
