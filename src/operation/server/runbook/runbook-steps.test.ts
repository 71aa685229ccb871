import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { runbookFacts } from './runbook-fixture.ts';
import { type RunbookStep, runbookSteps } from './runbook-steps.ts';

const commandsOf = (steps: readonly RunbookStep[]): readonly string[] =>
  steps.flatMap(({ commands, withMailkeep, without }) => [...commands, ...withMailkeep, ...without]);

const named = (steps: readonly RunbookStep[], kind: string, component?: string): RunbookStep => {
  const found = steps.find(
    ({ subject }) =>
      subject.kind === kind &&
      (component === undefined || ('component' in subject && subject.component.name === component)),
  );
  assert.ok(found, `there is no step ${kind}`);
  return found;
};

const inRepository = {
  where: { kind: 'repository', location: 'sftp:nas:/backups', snapshot: '1a2b3c4d5e6f' },
} as const;

test('design 9.2: files come before databases, an empty server before what is loaded into it, services last', () => {
  assert.deepEqual(
    runbookSteps(runbookFacts()).map(({ subject }) => subject.kind),
    [
      'machine',
      'disk',
      'check',
      'owners',
      'files',
      'files',
      'database-server',
      'database',
      'services',
      'signs',
      'again',
    ],
  );
});

test('the disk is mounted by its UUID, and so that nothing on it can be harmed', () => {
  assert.deepEqual(named(runbookSteps(runbookFacts()), 'disk').commands, [
    'mkdir -p /mnt/backup-hdd',
    'mount -o ro UUID=3f1b0e66-6a0c-4d0c-9d52-0a4f8e1f6c11 /mnt/backup-hdd',
  ]);
});

test('a folder comes back by cp or tar with owner, mode and times, and odd names are quoted', () => {
  const steps = runbookSteps(runbookFacts());
  assert.deepEqual(named(steps, 'files', 'mail').without, [
    String.raw`mkdir -p '/opt/mailserver/data/mail/Bob'\''s mail'`,
    String.raw`cp --archive /mnt/backup-hdd/mailserver/daily/2025-11-07/mail/vmail/. '/opt/mailserver/data/mail/Bob'\''s mail/'`,
    String.raw`chown 5000:5000 '/opt/mailserver/data/mail/Bob'\''s mail'`,
    String.raw`chmod 2770 '/opt/mailserver/data/mail/Bob'\''s mail'`,
  ]);
  assert.match(named(steps, 'files', 'config').without[1] ?? '', /^tar .*config\/config\.tar\.gz --directory \/opt/);
  assert.deepEqual(named(steps, 'files', 'config').withMailkeep, [
    'mailkeep restore --from /mnt/backup-hdd/mailserver/daily/2025-11-07 --component config',
  ]);
});

test('out of a repository restic does it, by the path in the snapshot', () => {
  const steps = runbookSteps(runbookFacts(inRepository));
  const { without, withMailkeep } = named(steps, 'files', 'config');
  assert.ok(
    without.includes(
      'restic --repo sftp:nas:/backups restore 1a2b3c4d5e6f:/mailserver/config/config --target /opt/mailserver/config',
    ),
    without.join('\n'),
  );
  assert.deepEqual(withMailkeep, [
    'mailkeep restore --repo sftp:nas:/backups --from repository:1a2b3c4d5e6f --component config',
  ]);
  assert.match(
    named(steps, 'database').without.join('\n'),
    /^restic .* dump 1a2b3c4d5e6f \/mailserver\/mysql\/users\.sql \| docker exec/m,
  );
});

test('what was captured by another user than root gets its owner from the runbook', () => {
  const { machine } = runbookFacts();
  assert.ok(machine);
  const steps = runbookSteps(runbookFacts({ machine: { ...machine, capturedBy: 1000 } }));
  assert.match(named(steps, 'files', 'mail').without.join('\n'), /^chown --recursive 5000:5000 /m);
});

test('times are estimates by the pace of what was written', () => {
  const steps = runbookSteps(runbookFacts());
  assert.equal(named(steps, 'files', 'mail').estimate, 200_000);
  // Too little was measured of it: the pace of all counts.
  assert.ok((named(steps, 'files', 'config').estimate ?? 0) < 100);
  const unmeasured = runbookFacts().components.map((component) => ({ ...component, measured: undefined }));
  assert.equal(named(runbookSteps(runbookFacts({ components: unmeasured })), 'check').estimate, undefined);
});

test('an unknown machine has no command that guesses', () => {
  const steps = runbookSteps(
    runbookFacts({
      machine: undefined,
      compose: undefined,
      owners: [],
      where: { kind: 'disk', folder: '/backups/daily/2025-11-07', disk: undefined },
    }),
  );
  assert.deepEqual(named(steps, 'machine').commands, []);
  assert.deepEqual(named(steps, 'disk').commands, []);
  assert.deepEqual(named(steps, 'database-server').commands, []);
});

test('every command is one line that a shell can read', () => {
  for (const facts of [runbookFacts(), runbookFacts(inRepository)]) {
    const commands = commandsOf(runbookSteps(facts));
    for (const command of commands) assert.doesNotMatch(command, /\n/);
    execFileSync('bash', ['-n', '-c', commands.join('\n')]);
  }
});

test('services start as the backup says a restore starts them; else those that were installed', () => {
  const { machine } = runbookFacts();
  assert.ok(machine);
  const installed = { ...machine, programs: { dovecot: '2.4.1', postfix: '3.9' } };
  const started = (more: Parameters<typeof runbookFacts>[0]) =>
    named(runbookSteps(runbookFacts({ machine: installed, compose: undefined, ...more })), 'services').commands;
  assert.deepEqual(started({}), ['systemctl enable --now dovecot postfix']);
  const words = ['/usr/local/sbin/mail server', 'start'];
  assert.deepEqual(started({ start: { kind: 'command', words } }), ["'/usr/local/sbin/mail server' start"]);
  assert.deepEqual(started({ start: { kind: 'systemd', units: ['mail.target'] } }), [
    'systemctl enable --now mail.target',
  ]);
  assert.match(
    started({ start: { kind: 'compose', file: '/srv/compose.yml' } })[0] ?? '',
    /--file \/srv\/compose\.yml up/,
  );
});
