import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import { type OauthServer, startOauthServer } from '../../src/protocol/login/oauth-server-fixture.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, freePort, startDovecot } from './dovecot.ts';

const oauthPassdb = (url: string): string => `
auth_mechanisms = plain login oauthbearer xoauth2
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = CONFIGURATION
}
# ${url}
`;

/** Everything about accounts, against a real Dovecot whose OAuth2 passdb asks our authorization server. */
describe('accounts', { concurrency: 1 }, () => {
  let person: Person;
  let dovecot: Dovecot;
  let oauth: OauthServer;
  let file = '';
  let authority = '';

  before(async () => {
    person = await createPerson();
    await chmod(person.folder, 0o755);
    oauth = await startOauthServer({ rotates: true });
    const settings = join(person.folder, 'oauth2.conf');
    await writeFile(
      settings,
      `introspection_mode = post
introspection_url = ${oauth.url}/introspect
username_attribute = username
active_attribute = active
active_value = true
`,
    );
    dovecot = await startDovecot({ settings: oauthPassdb(oauth.url).replace('CONFIGURATION', settings) });
    authority = join(person.folder, 'ca.pem');
    await writeFile(authority, dovecot.certificateAuthority);
    file = join(person.home, '.config/mailkeep/mailkeep.yaml');
    await mkdir(join(person.home, '.config/mailkeep'), { recursive: true });
    await writeFile(join(person.folder, 'good'), 'secret\n', { mode: 0o600 });
    await writeFile(join(person.folder, 'bad'), 'wrong\n', { mode: 0o600 });
    await dovecot.doveadm('mailbox', 'create', '-u', 'alice', 'INBOX/Archive', 'Trash', 'Junk');
  });
  after(async () => {
    await dovecot.stop();
    await oauth.stop();
    await person.leave();
  });

  interface Account {
    readonly [setting: string]: unknown;
  }

  const usual = (): Account => ({
    host: 'localhost',
    port: dovecot.tlsPort,
    certificateAuthority: authority,
    user: 'alice',
    login: { password: { file: join(person.folder, 'good') } },
  });

  const doctor = async (...accounts: readonly Account[]): Promise<CommandResult> => {
    const named = accounts.map((account, number): [string, Account] => [`a${number}`, { ...usual(), ...account }]);
    await writeFile(file, JSON.stringify({ version: 1, accounts: Object.fromEntries(named) }));
    return person.run(['doctor']);
  };

  test('a good account is good in every respect, over TLS and STARTTLS and by its fingerprint', async () => {
    const { code, stdout, stderr } = await doctor(
      {},
      { security: 'starttls', port: dovecot.port },
      { certificateAuthority: undefined, certificateFingerprint: dovecot.fingerprint },
    );
    assert.equal(code, 0, stdout + stderr);
    for (const account of ['a0', 'a1', 'a2']) {
      assert.match(stdout, new RegExp(`ok {7}${account}: login: logged in as alice`));
      assert.match(stdout, new RegExp(`${account}: folders: 4 of 4 folders, 0 messages`), stdout);
    }
    assert.match(stdout, /the server has CONDSTORE, QRESYNC, LIST-STATUS, SPECIAL-USE, UIDPLUS/);
  });

  test('a filter that takes what there is, and one that matches no folder', async () => {
    const { code, stdout } = await doctor(
      { folders: { exclude: ['\\Trash', '\\Junk'] } },
      { folders: { include: ['Inbocks'] } },
      { folders: { exclude: ['Nothing'] } },
    );
    assert.equal(code, 1);
    assert.match(stdout, /ok {7}a0: folders: 2 of 4 folders/);
    assert.match(stdout, /FAILED {3}a1: folders: no folder .*"Inbocks"\n.*INBOX/);
    assert.match(stdout, /WARNING {2}a2: folders: no folder .*"Nothing"/);
  });

  test('bad input: each has its own line, what to do, and the others go on', async () => {
    const closed = await freePort();
    const { code, stdout, stderr } = await doctor(
      { login: { password: { file: join(person.folder, 'bad') } } },
      { login: { password: { file: join(person.folder, 'none') } } },
      { host: 'no-such-host.invalid' },
      { port: closed },
      { certificateAuthority: undefined },
      { certificateAuthority: undefined, certificateFingerprint: 'ab'.repeat(32) },
      { port: dovecot.port },
      {},
    );
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout, /FAILED {3}a0: login: .*does not accept this user.*\n.*where its password comes from/);
    assert.match(stdout, /FAILED {3}a1: secret: .*it is not there/);
    assert.match(stdout, /FAILED {3}a2: dns: there is no host no-such-host\.invalid\n.*spelling/);
    assert.match(stdout, /FAILED {3}a3: certificate: .*nothing listens there/);
    assert.match(stdout, /FAILED {3}a4: login: the certificate .* does not verify/);
    assert.match(stdout, /FAILED {3}a5: login: the certificate .* is not the one that is expected/);
    assert.match(stdout, /FAILED {3}a6: certificate: .*does not speak TLS/);
    assert.match(stdout, /ok {7}a7: login/);
    assert.doesNotMatch(stdout + stderr, /secret\n|wrong\n|defect/);
  });

  test('A6: Dovecot takes our tokens, over OAUTHBEARER and XOAUTH2, after a login with a device code', async () => {
    const login = {
      oauth: {
        provider: 'custom',
        clientId: 'mailkeep',
        scopes: ['imap'],
        flow: 'device',
        tokenEndpoint: `${oauth.url}/token`,
        deviceEndpoint: `${oauth.url}/device`,
      },
    };
    const before = await doctor({ login });
    assert.match(before.stdout, /FAILED {3}a0: secret: nobody has logged in to a0 yet\n.*mailkeep login a0/);
    const loggedIn = await person.run(['login', 'a0']);
    assert.equal(loggedIn.code, 0, loggedIn.stderr);
    assert.match(loggedIn.stderr, /type this code: WDJB-MJHT/);
    const tokens = oauth.requests.filter(({ path }) => path === '/token').length;
    const { code, stdout, stderr } = await doctor({ login });
    assert.equal(code, 0, stdout + stderr);
    assert.equal(oauth.requests.filter(({ path }) => path === '/token').length, tokens, 'the token is used again');
    assert.ok(
      oauth.requests.some(({ path }) => path === '/introspect'),
      'Dovecot has asked who it is',
    );
  });

  test('A6: a token that Dovecot takes no more is renewed once, and the new one is kept', async () => {
    oauth.access.clear();
    const { code, stdout, stderr } = await person.run(['doctor', 'a0']);
    assert.equal(code, 0, stdout + stderr);
    oauth.refresh.clear();
    oauth.access.clear();
    const gone = await person.run(['doctor', 'a0']);
    assert.equal(gone.code, 1);
    assert.match(gone.stdout, /gives no token any more.*\n.*mailkeep login a0/);
    assert.doesNotMatch(gone.stdout + gone.stderr, /refresh~|access~/);
  });

  test('a server that says nothing, or nonsense, is told', async () => {
    const nonsense = await listen((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    try {
      const { stdout } = await doctor({ port: nonsense.port, security: 'none', certificateAuthority: undefined });
      assert.match(stdout, /FAILED {3}a0: login: /);
      assert.doesNotMatch(stdout, /defect/);
    } finally {
      nonsense.server.close();
    }
  });

  test('--json has a line for each finding, and the kind of fault', async () => {
    await doctor({ login: { password: { file: join(person.folder, 'bad') } } });
    const { stdout } = await person.run(['doctor', 'a0', '--json']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    assert.ok(JSON.stringify(lines).includes('"check":"login"'));
    assert.ok(JSON.stringify(lines).includes('"fault":"credentials-refused"'));
    assert.match(JSON.stringify(lines.at(-1)), /"message_type":"summary".*"failed":1/);
  });

  test('A1: nothing of this has changed anything in the account', async () => {
    const said = await dovecot.commands('alice');
    assert.ok(said.length > 0);
    assert.deepEqual(
      said.filter((line) => /^(?:UID )?(?:SELECT|STORE|APPEND|EXPUNGE|COPY|MOVE|CREATE|DELETE|RENAME)\b/i.test(line)),
      [],
    );
  });

  test('a repository of the configuration is opened, written, and its room is told; a wrong password is not right', async () => {
    const password = join(person.folder, 'good');
    const configured = (name: string): string =>
      JSON.stringify({
        version: 1,
        repositories: {
          main: { location: '~/backup', password: { file: name } },
          none: { location: '/nowhere/x', password: { file: name } },
        },
        defaultRepository: 'main',
      });
    await writeFile(file, configured(password));
    assert.equal((await person.run(['init'])).code, 0);
    const { code, stdout } = await person.run(['doctor']);
    assert.equal(code, 1);
    assert.match(stdout, /ok {7}main: repository/);
    assert.match(stdout, /ok {7}main: writable/);
    assert.match(stdout, /main: space: .* free/);
    assert.match(stdout, /FAILED {3}none: repository: there is no repository/);
    await writeFile(file, configured(join(person.folder, 'bad')));
    assert.match((await person.run(['doctor', 'main'])).stdout, /FAILED {3}main: repository: .*password/);
    assert.match(await readFile(file, 'utf8'), /"version":1/, 'doctor changes nothing');
  });

  const listen = async (greet: (socket: Socket) => void): Promise<{ server: Server; port: number }> => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      greet(socket);
      socket.end();
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return { server, port };
  };
});
