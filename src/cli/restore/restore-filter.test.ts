import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringOfText } from '../../model/byte-string.ts';
import { restoreFilter, type RestoreFilter } from './restore-filter.ts';

const patterns = (...texts: readonly string[]) => ({ exact: texts.map(byteStringOfText), ignoringCase: [] });
const none = patterns();

const asks = (filter: RestoreFilter | undefined, path: string, isDirectory = false): boolean =>
  filter?.(byteStringOfText(path), isDirectory) ?? true;

test('without patterns there is no filter', () => {
  assert.equal(restoreFilter(none, none), undefined);
});

test('what is included is wanted with all that is below it, and nothing else', () => {
  const filter = restoreFilter(patterns('/home/*/Maildir', '*.pdf'), none);
  assert.ok(asks(filter, 'home/alice/Maildir', true));
  assert.ok(asks(filter, 'home/alice/Maildir/cur/1'));
  assert.ok(asks(filter, 'srv/x.pdf'));
  assert.ok(!asks(filter, 'home/alice', true));
  assert.ok(!asks(filter, 'home/alice/other'));
});

test('what is excluded is unwanted with all that is below it, whatever a later pattern takes back', () => {
  const filter = restoreFilter(none, patterns('cur', '!keep'));
  assert.ok(!asks(filter, 'a/cur', true));
  assert.ok(!asks(filter, 'a/cur/1'));
  assert.ok(!asks(filter, 'a/cur/keep'), 'its folder stays excluded');
  assert.ok(asks(filter, 'a/new/1'));
  assert.ok(asks(filter, '', true));
});

test('with both, what is included and not excluded', () => {
  const filter = restoreFilter(patterns('Maildir'), patterns('tmp'));
  assert.ok(asks(filter, 'x/Maildir/cur/1'));
  assert.ok(!asks(filter, 'x/Maildir/tmp/1'));
  assert.ok(!asks(filter, 'x/cur/1'));
});

test('upper and lower case are the same only where that was asked for', () => {
  const ignoring = restoreFilter({ exact: [], ignoringCase: [byteStringOfText('MAIL')] }, none);
  assert.ok(asks(ignoring, 'a/Mail/1'));
  assert.ok(!asks(restoreFilter(patterns('MAIL'), none), 'a/Mail/1'));
});
