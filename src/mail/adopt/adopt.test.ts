import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import { folderKey } from './folder-key.ts';
import { pairingsOf, parseMbsyncState, parseUidValidity } from './mbsync-state.ts';
import { parseOldMark } from './old-mark.ts';
import { comparableHeader, serverForm } from './server-form.ts';

const name = byteStringOfLatin1;
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

describe('marks of OfflineIMAP and mbsync', () => {
  test('A5: the UID and the digest of the folder are read, whatever the separator of the flags', () => {
    const digest = '7e33429f656f1e6e9d79b29c3f82c57e';
    assert.deepEqual(parseOldMark(name(`1795697217_15.23581.vm,U=8,FMD5=${digest}:2,S`)), {
      uid: 8,
      folderDigest: digest,
    });
    assert.equal(parseOldMark(name(`1_1.2.vm,U=8,FMD5=${digest}!2,S`))?.uid, 8);
    assert.deepEqual(parseOldMark(name('1795697246.24197_26.vm,U=7:2,')), { uid: 7, folderDigest: undefined });
  });

  test('names without a UID, or with one that is none, have no mark', () => {
    for (const one of ['1.2.vm:2,S', '1.2.vm,U=0:2,S', '1.2.vm,U=4294967296:2,', '1.2.vm:2,,U=5', '1.vm,UU=5:2,'])
      assert.equal(parseOldMark(name(one)), undefined, one);
  });
});

describe('states of mbsync', () => {
  const state = 'FarUidValidity 100\nNearUidValidity 200\nMaxPulledUid 10\n\n4 3 S\n5 0 >\n0 9 \n7 6 \nrubbish\n';

  test('A5: UIDs of the server by those of the Maildir, on whichever side it is', () => {
    const parsed = parseMbsyncState(state);
    assert.ok(parsed !== undefined);
    assert.deepEqual(pairingsOf(parsed, 200), [
      {
        serverUidValidity: 100,
        serverUids: new Map([
          [3, 4],
          [6, 7],
        ]),
      },
    ]);
    assert.equal(pairingsOf(parsed, 100)[0]?.serverUids.get(4), 3);
    assert.deepEqual(pairingsOf(parsed, 300), []);
    const older = parseMbsyncState('MasterUidValidity 1\nSlaveUidValidity 2\n\n1 1 \n');
    assert.equal(older?.near, 2);
  });

  test('what is no state is none', () => {
    for (const text of ['', '\n', '1 2\n3 4\n', 'FarUidValidity x\nNearUidValidity 1\n\n', 'FarUidValidity 1\n'])
      assert.equal(parseMbsyncState(text), undefined);
    assert.deepEqual(
      [parseUidValidity('17\n9\n'), parseUidValidity('x\n'), parseUidValidity('')],
      [17, undefined, undefined],
    );
  });
});

test('a folder has the same key in every layout', () => {
  const keys = ['Lists.dev', 'Lists/dev', '.Lists.dev', 'Lists/.dev', 'INBOX.Lists.dev'].map((one) =>
    folderKey(name(one), undefined),
  );
  assert.deepEqual(new Set(keys), new Set(['Lists/dev']));
  assert.equal(folderKey(name('Lists\\dev'), '\\'), 'Lists/dev');
  assert.deepEqual([folderKey(name('inbox'), '/'), folderKey(name(''), undefined)], ['', '']);
  const utf8 = Buffer.from('Entwu\u0308rfe').toString('latin1');
  assert.equal(folderKey(name('Entw&APw-rfe'), '/'), folderKey(name(utf8), undefined));
});

describe('a message as the server has it', () => {
  const formed = async (text: string, dropsMark: boolean, piece = 3): Promise<readonly string[]> => {
    const pieces = async function* () {
      for (let at = 0; at < text.length; at += piece) yield bytes(text.slice(at, at + piece));
    };
    const found = await Array.fromAsync(serverForm(pieces(), { dropsMark }));
    const [head, ...body] = found.map((one) => Buffer.from(one).toString('latin1'));
    return [head ?? '', body.join('')];
  };

  test('has CRLF, its header first, however it comes in pieces', async () => {
    for (const piece of [1, 2, 3, 5, 1000]) {
      assert.deepEqual(await formed('A: 1\nB: 2\n\nx\r\ny\rz\n\n', false, piece), [
        'A: 1\r\nB: 2\r\n\r\n',
        'x\r\ny\rz\r\n\r\n',
      ]);
    }
    assert.deepEqual(await formed('\nbody\n', false), ['\r\n', 'body\r\n']);
    assert.deepEqual(await formed('A: 1\n', false), ['A: 1\r\n', '']);
  });

  test('A5: has not the line of mbsync, and keeps everything that only looks like it', async () => {
    const text = 'A: 1\nX-TUID: IPpZvRMsBTki\n\nX-TUID: IPpZvRMsBTki\n';
    assert.deepEqual(await formed(text, true), ['A: 1\r\n\r\n', 'X-TUID: IPpZvRMsBTki\r\n']);
    assert.deepEqual(await formed(text, false), ['A: 1\r\nX-TUID: IPpZvRMsBTki\r\n\r\n', 'X-TUID: IPpZvRMsBTki\r\n']);
    assert.deepEqual(await formed('X-TUID: short\n\n', true), ['X-TUID: short\r\n\r\n', '']);
  });

  test('headers compare without the empty line', () => {
    assert.deepEqual(comparableHeader(bytes('A: 1\r\n\r\n')), bytes('A: 1'));
    assert.deepEqual(comparableHeader(bytes('A: 1')), bytes('A: 1'));
  });
});
