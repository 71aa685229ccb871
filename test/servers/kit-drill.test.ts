import assert from 'node:assert/strict';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { succeed } from '../requirement/command.ts';
import { startMailStack } from '../stack/mail-stack.ts';
import { compilePackage } from './compiled-package.ts';
import { whyNoLoop } from './mail-server.ts';

const why = await whyNoLoop();
assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);

describe('the drill with a recovery kit', { skip: why ?? false, timeout: 600_000 }, () => {
  test('S8, B12: a server is brought back with nothing but what the kit holds, and a kit that is damaged does nothing', async () => {
    await using stack = await startMailStack();
    await using compiled = await compilePackage();
    await stack.clients.deliver('alice@example.com', 'kept');
    const night = await stack.mailkeep('run', 'mailserver', '--daily', '--quiet');
    assert.equal(night.code, 0, night.stdout + night.stderr);
    const { folder, environment } = stack.person;
    const kit = join(folder, 'kit.sh');
    const config = join(folder, 'mailkeep.yaml');
    await succeed(process.execPath, [compiled.program, 'kit', '--out', kit, '--config', config], { env: environment });
    // Neither the configuration nor the history of this machine is there for the program in the kit.
    const { code, stdout, stderr } = await stack.person.run(['drill', '--kit', kit]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Drill passed: mailserver can be brought back/);
    const known = await stack.person.run(['history', '--json']);
    assert.match(known.stdout, /"command":"drill"[^]*"server":"mailserver"/, known.stderr);
    assert.deepEqual(
      readdirSync('/var/tmp').filter((name) => name.startsWith('mailkeep-kit-')),
      [],
    );
    appendFileSync(kit, 'x');
    const damaged = await stack.person.run(['drill', '--kit', kit]);
    assert.equal(damaged.code, 1, damaged.stdout + damaged.stderr);
    assert.match(damaged.stderr, /is not what was written/);
    const remembered = await stack.person.run(['history', '--json']);
    assert.match(remembered.stdout, /is not what was written/, remembered.stderr);
  });
});
