import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createPerson, type Person } from '../journey/program.ts';
import { runCommand } from '../requirement/command.ts';

const launcher = fileURLToPath(new URL('../../bin/mailkeep.js', import.meta.url));

let person: Person;
before(async () => {
  person = await createPerson();
});
after(() => person.leave());

test('A6: a password from a real GNOME keyring, and what is told where it has none', async () => {
  const config = join(person.folder, 'mailkeep.yaml');
  const entry = (account: string): string => `{location: ~/backup, password: {keyring: {account: ${account}}}}`;
  await writeFile(config, `version: 1\nrepositories: {main: ${entry('mail')}, other: ${entry('nobody')}}\n`);
  const mailkeep = `'${process.execPath}' '${launcher}' --config '${config}'`;
  const script = `
set -e
mkdir -p "$HOME/.local/share/keyrings" "$XDG_RUNTIME_DIR"
printf 'unlocks the keyring' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
printf 'hunter2' | secret-tool store --label=Mailkeep service mailkeep account mail
${mailkeep} init -r main
${mailkeep} snapshots -r main
${mailkeep} snapshots -r other || echo "ended with $?"
`;
  const env = { ...person.environment, XDG_RUNTIME_DIR: join(person.folder, 'run') };
  const { stdout, stderr, code } = await runCommand('dbus-run-session', ['--', 'sh', '-c', script], { env });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^0 snapshots/m);
  assert.match(stdout, /ended with 2/);
  assert.match(stderr, /the keyring \(service mailkeep, account nobody\) gave no secret\n.*secret-tool store/);
  assert.doesNotMatch(stdout + stderr, /hunter2/);
});
