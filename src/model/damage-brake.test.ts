import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BrakeReason, brakeReasons, countedChange, type FolderChange, usualBrakeLimits } from './damage-brake.ts';

const folder = (name: string, change: Partial<FolderChange> = {}): FolderChange => ({
  folder: name,
  before: 1000,
  gone: 0,
  now: 1000 - (change.gone ?? 0),
  changedBodies: 0,
  uidValidityChanged: false,
  ...change,
});

const kinds = (reasons: readonly BrakeReason[]): string[] =>
  reasons.map((reason) => (reason.kind === 'folder-gone' ? `${reason.kind} ${reason.folder}` : reason.kind));

const brakes = (changes: readonly FolderChange[], isFirst = false): string[] =>
  kinds(brakeReasons({ changes, isFirst }));

describe('the damage brake (A8)', () => {
  it('lets an ordinary day pass', () => {
    assert.deepEqual(brakes([folder('INBOX', { gone: 40 }), folder('Sent')]), []);
  });

  it('holds when an account that had messages shows none', () => {
    assert.deepEqual(brakes([folder('INBOX', { before: 3, gone: 3, now: 0 })]), ['account-empty']);
  });

  it('holds when a first capture finds no message at all, and no more once that was confirmed', () => {
    assert.deepEqual(brakes([folder('INBOX', { before: 0, now: 0 })], true), ['account-empty']);
    assert.deepEqual(brakes([folder('INBOX', { before: 0, now: 0 })]), []);
  });

  it('holds when a fifth of a folder is gone, from 50 messages on, and not at one less', () => {
    const large = folder('Archive', { before: 100_000, now: 100_000 });
    assert.deepEqual(brakes([large, folder('INBOX', { before: 250, gone: 50, now: 200 })]), ['folder-gone INBOX']);
    assert.deepEqual(brakes([large, folder('INBOX', { before: 245, gone: 49, now: 196 })]), []);
    assert.deepEqual(brakes([large, folder('INBOX', { before: 251, gone: 50, now: 201 })]), []);
  });

  it('holds when a fifth of the account is gone though of no folder so much', () => {
    const folders = Array.from({ length: 10 }, (_, number) => folder(`${number}`, { before: 200, gone: 40, now: 160 }));
    assert.deepEqual(brakes(folders), ['account-gone']);
  });

  it('counts the messages of a folder that is gone', () => {
    const large = folder('Archive', { before: 100_000, now: 100_000 });
    assert.deepEqual(brakes([large, folder('Old', { before: 60, gone: 60, now: 0 })]), ['folder-gone Old']);
  });

  it('holds when UIDVALIDITY changed in half the folders, and not in fewer', () => {
    const renewed = { uidValidityChanged: true, gone: 0 };
    assert.deepEqual(brakes([folder('a', renewed), folder('b')]), ['uidvalidity-changed']);
    assert.deepEqual(brakes([folder('a', renewed), folder('b'), folder('c')]), []);
  });

  it('does not count folders that were empty or are new among those', () => {
    const empty = folder('empty', { before: 0, now: 0 });
    assert.deepEqual(brakes([folder('a', { uidValidityChanged: true }), folder('b'), empty]), ['uidvalidity-changed']);
    assert.deepEqual(brakes([folder('a'), folder('new', { before: 0, now: 7, uidValidityChanged: true })]), []);
  });

  it('counts of a folder whose UIDs were given anew what it has less than before', () => {
    const renewed = { uidValidityChanged: true, before: 60, gone: 60 };
    const large = folder('Archive', { before: 100_000, now: 100_000 });
    const others = [large, folder('a'), folder('b')];
    assert.deepEqual(brakes([...others, countedChange(folder('Old', { ...renewed, now: 60 }))]), []);
    assert.deepEqual(brakes([...others, countedChange(folder('Old', { ...renewed, now: 0 }))]), ['folder-gone Old']);
  });

  it('holds when five bodies changed under a known identity, and not at four', () => {
    assert.deepEqual(brakes([folder('a', { changedBodies: 3 }), folder('b', { changedBodies: 2 })]), [
      'bodies-changed',
    ]);
    assert.deepEqual(brakes([folder('a', { changedBodies: 4 })]), []);
  });

  it('takes other limits', () => {
    const limits = { ...usualBrakeLimits, goneShare: 0.5, goneMessages: 1 };
    const changes = [folder('a', { before: 2, gone: 1, now: 1 })];
    assert.deepEqual(kinds(brakeReasons({ changes, isFirst: false }, limits)), ['account-gone', 'folder-gone a']);
  });
});
