import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import { parseKeywords, parseUidList } from '../dovecot-files.ts';
import { identityOf } from '../maildir-name.ts';
import { createFolderMerge, type MessageTraits } from './folder-merge.ts';
import { keywordLettersIn, keywordsText, mergeKeywords, withLetters } from './keyword-letters.ts';
import { boxStoreOf, livingFileOf } from './living-file.ts';
import { mergeSubscriptions } from './merge-subscriptions.ts';
import { raisedUidList } from './raised-uid-list.ts';

const name = byteStringOfLatin1;
const second = 1_000_000_000n;

const message = fc.record({
  unique: fc.integer({ min: 0, max: 30 }),
  flags: fc.constantFrom('', ':2,', ':2,S', ':2,RSa'),
  size: fc.integer({ min: 1, max: 3 }),
  at: fc.integer({ min: 0, max: 2 }),
});

describe('B11 messages of a backup and of a living folder', () => {
  test('none is lost, none is there twice, and what is there stays', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(message), (living, backup) => {
        const live = new Map<string, MessageTraits>();
        for (const { unique, size, at } of living) live.set(`m${unique}`, { size, mtime: BigInt(at) * second });
        const merge = createFolderMerge((identity) => live.get(identity));
        const after = [...live.keys()];
        for (const { unique, flags, size, at } of backup) {
          const file = name(`m${unique}${flags}`);
          const decision = merge.decide(file, { size, mtime: BigInt(at) * second });
          if (decision === 'create') after.push(identityOf(file));
          else assert.ok(after.includes(identityOf(file)), 'only what is there may be left');
          if (decision === 'leave' && live.has(identityOf(file)))
            assert.equal(live.get(identityOf(file))?.size, size, 'of another size, and nobody was told');
        }
        assert.equal(new Set(after).size, after.length);
        for (const { unique } of [...living, ...backup]) assert.ok(after.includes(`m${unique}`));
        const again = createFolderMerge((identity) => (after.includes(identity) ? { size: 1, mtime: 0n } : undefined));
        for (const { unique, flags } of backup)
          assert.equal(again.decide(name(`m${unique}${flags}`), { size: 1, mtime: 0n }), 'leave');
      }),
    );
  });

  test('a message that the server has compressed since is the message that it was', () => {
    const merge = createFolderMerge(() => ({ size: 40, mtime: 0n }));
    assert.equal(merge.decide(name('a,S=100:2,S'), { size: 100, mtime: 0n }), 'inspect');
    assert.equal(merge.decide(name('a,S=40:2,S'), { size: 100, mtime: 0n }), 'leave');
    assert.equal(merge.decide(name('a:2,S'), { size: 100, mtime: 0n }), 'conflict');
    assert.equal(merge.decide(name('a:2,S'), { size: 40, mtime: 999n * second }), 'compare');
  });
});

describe('B11 keywords', () => {
  const word = fc.stringMatching(/^[A-Za-z$]{1,3}$/);
  const letters = fc.uniqueArray(fc.integer({ min: 0, max: 25 }), { maxLength: 26 });
  const keywords = fc
    .tuple(letters, fc.uniqueArray(word, { minLength: 26, maxLength: 26, selector: (text) => text.toLowerCase() }))
    .map(([at, words]) => new Map(at.map((index, order) => [String.fromCharCode(97 + index), words[order] ?? 'x'])));

  test('the living folder’s letters keep their meaning, and a message keeps its keywords as long as there are letters', () => {
    fc.assert(
      fc.property(keywords, keywords, fc.stringMatching(/^[a-z]{0,5}$/), (live, backup, used) => {
        const merged = mergeKeywords(live, backup, used);
        for (const [letter, keyword] of live) assert.equal(merged.keywords.get(letter), keyword);
        assert.equal(merged.keywords.size, live.size + merged.added);
        const file = name(`1.M2.host:2,FS${[...new Set(used)].sort().join('')}`);
        const renamed = withLetters(file, merged.letters);
        const meant = keywordLettersIn(file).flatMap((letter) => backup.get(letter)?.toLowerCase() ?? []);
        const got = keywordLettersIn(renamed.name).map((letter) => merged.keywords.get(letter)?.toLowerCase());
        if (merged.keywords.size < 26) assert.deepEqual(new Set(got), new Set(meant));
        for (const keyword of got) assert.ok(keyword !== undefined && meant.includes(keyword));
        assert.deepEqual(parseKeywords(name(keywordsText(merged.keywords))), merged.keywords);
      }),
    );
  });

  test('a name without keywords stays as it is', () => {
    assert.deepEqual(withLetters(name('1.M2.host:2,FS'), new Map()), { name: '1.M2.host:2,FS', lost: 0 });
    assert.deepEqual(withLetters(name('1.M2.host'), new Map()), { name: '1.M2.host', lost: 0 });
    assert.deepEqual(withLetters(name('1.M2.host!2,Sa'), new Map([['a', 'c']])), { name: '1.M2.host!2,Sc', lost: 0 });
    assert.deepEqual(withLetters(name('1.M2.host:2,Sa'), new Map()), { name: '1.M2.host:2,S', lost: 1 });
  });
});

describe('B11 UIDs of a folder that comes back whole', () => {
  test('UIDNEXT never moves backwards, UIDVALIDITY and all lines stay', () => {
    const uids = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 5000 }), uids, (validity, next, given) => {
        const lines = given.map((uid) => `${uid} S10 :m${uid}\n`).join('');
        const raised = parseUidList(
          raisedUidList(name(`3 V${validity} N${next} G${'0'.repeat(32)}\n${lines}`)) ?? name(''),
        );
        assert.equal(raised?.uidValidity, validity);
        assert.equal(raised?.guid, '0'.repeat(32));
        assert.deepEqual(
          raised?.entries.map(({ uid }) => uid),
          given,
        );
        assert.ok((raised?.uidNext ?? 0) > Math.max(next, ...given));
      }),
    );
  });

  test('Courier’s list is raised too; what is no list, or has no UIDs left, does not come', () => {
    assert.equal(raisedUidList(name('1 77 5\n1 a\n4 b\n')), '1 77 1000005\n1 a\n4 b\n');
    assert.equal(raisedUidList(name('no list')), undefined);
    assert.equal(raisedUidList(name('3 V1 N4294967000\n')), undefined);
  });
});

describe('B11 other files of a Maildir', () => {
  test('subscriptions are added, none is taken away', () => {
    const live = name('V\t2\n\nSent\nWork\t2026\n');
    assert.equal(mergeSubscriptions(live, name('V\t2\n\nSent\nOld\n')), 'V\t2\n\nSent\nWork\t2026\nOld\n');
    assert.equal(mergeSubscriptions(live, name('V\t2\n\nWork\t2026\n')), undefined);
    assert.equal(mergeSubscriptions(live, name('Work.2025\nWork.2026\n')), `${live}Work\t2025\n`);
    assert.equal(mergeSubscriptions(name('INBOX.Sent'), name('INBOX.Old\n')), 'INBOX.Sent\nINBOX.Old\n');
  });

  test('the server’s own files are told from those of a person', () => {
    const kinds = ['dovecot-uidlist', 'dovecot-keywords', 'subscriptions', 'maildirsize', 'dovecot.index.cache'];
    assert.deepEqual(
      kinds.map((file) => livingFileOf(name(file))),
      ['uid-list', 'keywords', 'subscriptions', 'derived', 'derived'],
    );
    assert.equal(livingFileOf(name('dovecot.index.pvt')), 'state');
    assert.equal(livingFileOf(name('dovecot-uidvalidity.5f3a')), 'state');
    assert.equal(livingFileOf(name('.dovecot.sieve')), 'ordinary');
  });

  test('folders of sdbox and mdbox are known', () => {
    const path = (text: string) => text.split('/').map(name);
    assert.deepEqual(boxStoreOf(path('alice/mail/mailboxes/INBOX/dbox-Mails')), path('alice/mail'));
    assert.equal(boxStoreOf(path('alice/Maildir/cur')), undefined);
  });
});
