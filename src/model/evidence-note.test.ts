import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EvidenceNote, isBelieved, type NoteOrigin, supersededNotes } from './evidence-note.ts';

const day = 86_400_000_000_000n;
const now = 100n * day;
const note = (id: string, origin: NoteOrigin, time: bigint | undefined = now): EvidenceNote => ({ id, time, origin });
const a = { kind: 'strange', key: 'a' } as const;
const b = { kind: 'given', key: 'b' } as const;

test('S6: a new note replaces those of this machine and what is good for nothing, and of other machines all but the newest', () => {
  const notes = [
    note('1', { kind: 'own' }),
    note('2', { kind: 'forged' }),
    note('3', { kind: 'unreadable' }, undefined),
    note('4', a, now - 2n * day),
    note('5', a, now - day),
    note('6', a, now + day),
    note('7', b, now - 3n * day),
    note('8', { kind: 'unsigned' }, now - day),
    note('9', { kind: 'unsigned' }, now - 2n * day),
    note('0', { kind: 'strange', key: 'gone' }, now - 61n * day),
  ];
  assert.equal(supersededNotes(notes, now).join(''), '1234690');
  assert.equal(
    notes
      .filter(isBelieved)
      .map(({ id }) => id)
      .join(''),
    '17',
  );
});
