import assert from 'node:assert/strict';
import type { MxRecord, SrvRecord } from 'node:dns';
import { describe, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { type Discovery, findServer } from './find-server.ts';
import type { FoundServer } from './found-server.ts';

interface World {
  readonly mx?: Readonly<Record<string, readonly MxRecord[]>>;
  readonly srv?: Readonly<Record<string, readonly SrvRecord[]>>;
  readonly web?: Readonly<Record<string, string>>;
}

const asked: string[] = [];

const discoveryIn = ({ mx = {}, srv = {}, web = {} }: World): Discovery => ({
  resolveMx: async (domain) => mx[domain] ?? Promise.reject(new Error('ENOTFOUND')),
  resolveSrv: async (name) => srv[name] ?? Promise.reject(new Error('ENODATA')),
  fetch: async (url) => {
    asked.push(url);
    return web[url];
  },
});

const find = async (address: string, world: World = {}): Promise<Omit<FoundServer, 'preset'> | undefined> => {
  const found = await findServer(address, discoveryIn(world), createTestRun());
  if (found === undefined) return undefined;
  const { preset: _, ...rest } = found;
  return rest;
};

const record = (name: string, port: number, priority = 0, weight = 0): SrvRecord => ({ name, port, priority, weight });

const xml = (socket: string, host = 'mail.example.org', user = '%EMAILLOCALPART%'): string => `<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="example.org">
  <incomingServer type="pop3"><hostname>pop.example.org</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
  <!-- <incomingServer type="imap"><hostname>old.example.org</hostname><port>993</port><socketType>SSL</socketType></incomingServer> -->
  <incomingServer type="imap"><hostname>${host}</hostname><port>993</port><socketType>${socket}</socketType>
    <username>${user}</username><authentication>password-cleartext</authentication></incomingServer>
</emailProvider></clientConfig>`;

describe('finding the server of an address', () => {
  test('addresses of the known providers need no question to anybody', async () => {
    const hosts = ['a@fastmail.com', 'a@GMAIL.com', 'a@hotmail.com', 'a@me.com', 'a@yahoo.co.uk'].map(
      async (address) => (await find(address))?.host,
    );
    assert.deepEqual(await Promise.all(hosts), [
      'imap.fastmail.com',
      'imap.gmail.com',
      'outlook.office365.com',
      'imap.mail.me.com',
      'imap.mail.yahoo.com',
    ]);
    assert.equal((await find('a@notfastmail.com'))?.host, undefined);
  });

  test('a domain that a provider hosts is known by its mail exchanger', async () => {
    const mx = {
      'google.example': [
        { exchange: 'backup.example', priority: 20 },
        { exchange: 'aspmx.l.google.com', priority: 1 },
      ],
      'microsoft.example': [{ exchange: 'microsoft-example.mail.protection.outlook.com', priority: 0 }],
    };
    assert.equal((await find('a@google.example', { mx }))?.host, 'imap.gmail.com');
    assert.equal((await find('a@microsoft.example', { mx }))?.host, 'outlook.office365.com');
  });

  test('RFC 6186: SRV records by priority and weight, TLS first; a target of "." is no service', async () => {
    const srv = {
      '_imaps._tcp.one.example': [
        record('b.example', 993, 10),
        record('c.example', 9993, 5, 1),
        record('d.example.', 994, 5, 9),
      ],
      '_imaps._tcp.two.example': [record('.', 0)],
      '_imap._tcp.two.example': [record('mail.two.example', 143)],
    };
    assert.deepEqual(await find('a@one.example', { srv }), {
      host: 'd.example',
      port: 994,
      security: 'tls',
      user: 'a@one.example',
      source: 'srv',
    });
    assert.deepEqual((await find('a@two.example', { srv }))?.security, 'starttls');
  });

  test("Thunderbird's autoconfiguration, at the domain's own place first", async () => {
    const own = 'https://example.org/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=alice%40example.org';
    asked.length = 0;
    assert.deepEqual(await find('alice@example.org', { web: { [own]: xml('SSL') } }), {
      host: 'mail.example.org',
      port: 993,
      security: 'tls',
      user: 'alice',
      source: 'autoconfig',
    });
    assert.equal(asked.length, 2);
    const list = 'https://autoconfig.thunderbird.net/v1.1/example.org';
    assert.equal((await find('alice@example.org', { web: { [list]: xml('STARTTLS') } }))?.security, 'starttls');
    assert.ok(asked.filter((url) => url.includes('thunderbird.net')).every((url) => !url.includes('alice')));
  });

  test('what is not protected, or is no host, is not taken', async () => {
    const list = 'https://autoconfig.thunderbird.net/v1.1/example.org';
    for (const text of [
      xml('plain'),
      xml('SSL', 'a b'),
      xml('SSL', '-x'),
      xml('SSL', 'mail', 'a\nb c'),
      '',
      '<html>',
    ]) {
      assert.equal(await find('alice@example.org', { web: { [list]: text } }), undefined, text);
    }
    assert.equal(await find('alice@local'), undefined);
    assert.equal(await find('alice'), undefined);
  });
});
