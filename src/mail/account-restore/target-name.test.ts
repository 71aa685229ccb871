import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import { areBelowInbox, type NamingRules, type NamingWishes, targetName } from './target-name.ts';

const name = byteStringOfLatin1;
const rules: NamingRules = {
  delimiter: '.',
  prefix: name(''),
  specialUse: new Map([['\\Sent', name('Gesendet')]]),
  existing: new Set([name('INBOX.There')]),
};
const named = (
  levels: readonly string[],
  more: {
    specialUse?: readonly string[];
    wishes?: NamingWishes;
    rules?: Partial<NamingRules>;
    isPrefixed?: boolean;
  } = {},
) => {
  const { specialUse = [], isPrefixed = false } = more;
  const folder = { name: levels.join('/'), levels: levels.map(name), specialUse, isPrefixed };
  const found = targetName(folder, { ...rules, ...more.rules }, more.wishes ?? { map: [] });
  return found.kind === 'named' ? String(found.name) : found;
};

describe('A9: where a folder goes', () => {
  test('levels are parted as the target parts them, the inbox stays the inbox', () => {
    assert.equal(named(['A', 'B']), 'A.B');
    assert.equal(named(['inbox']), 'INBOX');
    assert.equal(named(['A', 'B'], { rules: { prefix: name('INBOX.') } }), 'INBOX.A.B');
    assert.equal(named(['INBOX', 'B'], { rules: { prefix: name('INBOX.') } }), 'INBOX.B');
  });

  test('the prefix of a server stays behind, unless the other has it, too, or the very folder', () => {
    const below = (...folders: readonly string[]) =>
      areBelowInbox(folders.map((folder) => ({ levels: folder.split('.').map(name) })));
    assert.deepEqual(
      [below('INBOX', 'INBOX.A', 'Inbox.A.B'), below('INBOX.A'), below('INBOX', 'INBOX.A', 'B'), below('INBOX')],
      [true, true, false, false],
    );
    const isPrefixed = true;
    assert.equal(named(['INBOX', 'A', 'B'], { isPrefixed }), 'A.B');
    assert.equal(named(['INBOX', 'A'], { isPrefixed, rules: { prefix: name('INBOX.') } }), 'INBOX.A');
    assert.equal(named(['INBOX', 'There'], { isPrefixed }), 'INBOX.There');
    assert.equal(named(['INBOX'], { isPrefixed }), 'INBOX');
    assert.equal(named(['INBOX', 'A'], { isPrefixed, wishes: { map: [], below: 'R' } }), 'R.A');
    assert.equal(named(['INBOX', 'A'], { isPrefixed, wishes: { map: [{ from: 'INBOX/A', to: 'X' }] } }), 'X');
  });

  test('a special folder goes to that of the target, unless another name was asked for', () => {
    const specialUse = ['\\Sent'];
    assert.equal(named(['Sent'], { specialUse }), 'Gesendet');
    assert.equal(named(['Sent'], { specialUse, wishes: { map: [{ from: 'Sent', to: 'Old/S' }] } }), 'Old.S');
    assert.equal(named(['Sent'], { specialUse, wishes: { map: [], below: 'R' } }), 'R.Sent');
  });

  test('a wish takes the folders below along', () => {
    const wishes = { map: [{ from: 'A', to: 'Entwürfe/B' }] };
    assert.equal(named(['A', 'C'], { wishes }), 'Entw&APw-rfe.B.C');
    assert.equal(named(['AC'], { wishes }), 'AC');
  });

  test('names that cannot be there are refused with a reason', () => {
    assert.match(JSON.stringify(named(['v1.2'])), /v1\.2/);
    assert.match(JSON.stringify(named(['A', 'B'], { rules: { delimiter: undefined } })), /no folders within/);
    assert.match(JSON.stringify(named(['\xff'])), /no text/);
    assert.equal(named(['Entw\xc3\xbcrfe']), 'Entw&APw-rfe');
  });
});
