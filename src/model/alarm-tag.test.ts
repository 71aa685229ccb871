import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarmReasons, alarmTags, hasAlarm } from './alarm-tag.ts';
import type { BrakeReason } from './damage-brake.ts';

test('reasons come back out of tags, whatever names they have', () => {
  const reasons: readonly BrakeReason[] = [
    { kind: 'account-empty', before: 7 },
    { kind: 'account-gone', gone: 80, before: 90 },
    { kind: 'folder-gone', folder: 'mail/vmail/a,b=c&d 日本', gone: 80, before: 80 },
    { kind: 'uidvalidity-changed', folders: 1, of: 2 },
    { kind: 'bodies-changed', messages: 40 },
    { kind: 'odd-content', files: 40, of: 41 },
    { kind: 'dump-shrank', dump: 'mysql/usermgmt.sql', bytes: 1, usual: 1e9 },
    { kind: 'tables-lost', dump: 'mysql/usermgmt.sql', tables: ['alias', 'a,b'] },
    { kind: 'no-new-mail', deliveries: 12 },
  ];
  const tags = alarmTags(reasons);
  assert.deepEqual(alarmReasons(['mailkeep:braked', ...tags]), reasons);
  // restic separates tags by commas.
  assert.ok(tags.every((tag) => !tag.includes(',')));
});

test('what only a newer version knows is an alarm all the same; many mailboxes make no long snapshot', () => {
  assert.ok(hasAlarm(['mailkeep:alarm=kind=from-tomorrow']));
  assert.deepEqual(alarmReasons(['mailkeep:alarm=kind=from-tomorrow']), []);
  assert.ok(!hasAlarm(['mailkeep:braked']));
  const many = Array.from(
    { length: 500 },
    (_, at) => ({ kind: 'folder-gone', folder: `${at}`, gone: 80, before: 80 }) as const,
  );
  assert.equal(alarmTags([...many, { kind: 'bodies-changed', messages: 5 }]).length, 21);
});
