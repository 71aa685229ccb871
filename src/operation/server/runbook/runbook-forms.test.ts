import assert from 'node:assert/strict';
import { test } from 'node:test';
import { english } from '../../../cli/catalogue/english.ts';
import { japanese } from '../../../cli/catalogue/japanese.ts';
import { drawRunbook } from './drawn-runbook.ts';
import { runbookFacts } from './runbook-fixture.ts';
import { formatRunbook } from './runbook-forms.ts';
import { runbookSteps } from './runbook-steps.ts';

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();
const drawn = (words = english, facts = runbookFacts()) => drawRunbook(facts, { words, timeOf });

test('B11: each command stands alone on a line of the text and of a code block, as it is to be typed', () => {
  const text = formatRunbook(drawn(), { format: 'text', language: 'en' });
  const markdown = formatRunbook(drawn(), { format: 'markdown', language: 'en' });
  const inMarkdown = [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.trimEnd().split('\n'),
  );
  for (const { commands, withMailkeep, without } of runbookSteps(runbookFacts())) {
    for (const command of [...commands, ...withMailkeep, ...without]) {
      assert.ok(text.split('\n').includes(`    ${command}`), command);
      assert.ok(inMarkdown.includes(command), command);
    }
  }
});

test('it tells of this backup: where, when, how much, on what, and how long it took', () => {
  const text = formatRunbook(drawn(), { format: 'text', language: 'en' });
  for (const wanted of [
    '/mnt/backup-hdd/mailserver/daily/2025-11-07',
    '2025-11-07T03:00:00.000Z',
    'Rocky Linux 9.6 (Blue Onyx), 5.14.0-570.el9 x86_64',
    'UUID 3f1b0e66-6a0c-4d0c-9d52-0a4f8e1f6c11, ext4',
    'mariadb 10.11.14-MariaDB (usermgmt)',
    'vmail:vmail (5000:5000)',
    '500,034 files, 10.09 GiB',
    'Takes less than a minute (an estimate).',
    'mail: 10.00 GiB; captured in 1:00 min; back in about 3:20 min',
    'In /etc/fstab: UUID=3f1b0e66-6a0c-4d0c-9d52-0a4f8e1f6c11 /mnt/backup-hdd ext4 defaults,nofail 0 2',
  ]) {
    assert.ok(text.includes(wanted), `${wanted} is not in:\n${text}`);
  }
});

test('it speaks Japanese, with the same commands', () => {
  const text = formatRunbook(drawn(japanese), { format: 'markdown', language: 'ja' });
  assert.match(text, /^# mailserver の完全復旧手順/);
  assert.match(text, /^mount -o ro UUID=3f1b0e66/m);
});

test('names from outside can neither forge markup nor move the cursor', () => {
  const facts = runbookFacts({ server: '<b>`x`\u001b[2J' });
  assert.doesNotMatch(formatRunbook(drawn(english, facts), { format: 'text', language: 'en' }), /\u001b/);
  assert.doesNotMatch(formatRunbook(drawn(english, facts), { format: 'html', language: 'en' }), /<b>/);
  assert.match(
    formatRunbook(drawn(english, facts), { format: 'markdown', language: 'en' }),
    /^# Recovery of \\<b>\\`x\\`/,
  );
});
