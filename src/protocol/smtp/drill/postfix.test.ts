import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outcomeIn } from './delivery-outcome.ts';
import { mainSettings, routingTables, serviceList } from './postfix-settings.ts';

const settings = {
  folder: '/var/tmp/drill/postfix',
  sockets: { delivery: '/var/tmp/drill/lmtp', logins: '/var/tmp/drill/auth' },
  port: 2525,
  submissionPort: 2587,
  asksForLogin: true,
  outside: 'somebody@outside.drill.invalid',
};

const log = (...lines: readonly string[]): string =>
  lines.map((line) => `Nov 27 03:31:46 host postfix/${line}\n`).join('');

describe('the Postfix of a drill', () => {
  test('B12: has no program that could take mail to another machine, or run a command', () => {
    const programs = serviceList(settings).matchAll(/^\S+ (?:inet|unix|unix-dgram) .* (\S+)$/gm);
    const used = new Set([...programs].map(([, program = '']) => program));
    for (const program of ['smtp', 'local', 'pipe', 'virtual', 'spawn', 'pickup'])
      assert.ok(!used.has(program), program);
    for (const name of ['default', 'relay', 'local']) {
      assert.match(mainSettings(settings), new RegExp(`^${name}_transport = discard:$`, 'm'));
    }
  });

  test('B12: takes the tables of the database, and leaves out what could be taken for something else', () => {
    const aliases = [
      { address: 'Sales@example.com', targets: ['alice@example.com', '"|rm -rf"@example.com', 'x@example.net'] },
      { address: '# odd', targets: ['alice@example.com'] },
      { address: 'empty@example.com', targets: [] },
    ];
    const domainAliases = [{ domain: 'example.org', target: 'example.com' }];
    const routing = { place: 'a', domains: ['Example.com'], aliases, domainAliases };
    assert.deepEqual(routingTables(routing, [{ address: 'Alice@example.com' }]), {
      'tables/domains': 'example.com ours\nexample.org ours\n',
      'tables/mailboxes': 'alice@example.com ours\n',
      'tables/aliases': 'sales@example.com alice@example.com, x@example.net\n@example.org @example.com\n',
    });
  });

  test('B12: tells what has become of a message for each whom it was for, once it has left the queue', () => {
    const taken = [
      'lmtp[1]: 4abc: to=<bob@example.com>, orig_to=<sales@example.com>, relay=h[lmtp], delay=1, dsn=2.0.0, status=sent (250 2.0.0 <bob@example.com> x Saved)',
      'lmtp[1]: 4xyz: to=<eve@example.com>, relay=none, delay=1, dsn=4.4.1, status=deferred (another message)',
      'lmtp[1]: 4abc: to=<gone@example.com>, relay=h[lmtp], delay=1, dsn=5.1.1, status=bounced (host h said: 550 5.1.1 (no such user))',
    ];
    assert.equal(outcomeIn(log(...taken), '4abc'), undefined);
    assert.deepEqual(outcomeIn(log(...taken, 'qmgr[2]: 4abc: removed'), '4abc'), [
      {
        recipient: 'bob@example.com',
        originally: 'sales@example.com',
        isDelivered: true,
        said: '250 2.0.0 <bob@example.com> x Saved',
      },
      {
        recipient: 'gone@example.com',
        originally: 'gone@example.com',
        isDelivered: false,
        said: 'host h said: 550 5.1.1 (no such user)',
      },
    ]);
  });
});
