import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { Credential, CredentialSource } from '../../contract/credential.ts';
import type { ReadSecret } from '../../contract/secret-source.ts';
import { createTestRun, type TestRun } from '../../contract/test-run.ts';
import { isFault } from '../../model/fault.ts';
import { Secret } from '../../model/secret.ts';
import { credentialSource } from './credential-source.ts';
import { domainUsers } from './directory.ts';
import { type LoginSetting, loginSetting } from './login-setting.ts';
import { startOauthServer, type OauthServer, type OauthServerOptions } from './oauth-server-fixture.ts';
import { loginPerson, type LoginPrompt } from './person-login.ts';
import { tokenStoreOf } from './refreshed-token.ts';

const tokenOf = (credential: Credential): string =>
  credential.kind === 'bearer' ? credential.token.reveal() : assert.fail('it was expected to be a token');

const settingOf = (value: unknown): LoginSetting => loginSetting((path) => path).parse(value);

describe('A6: logging in', () => {
  let folder = '';
  let server: OauthServer;
  let run: TestRun;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-login-'));
  });
  afterEach(async () => {
    await server.stop();
    await rm(join(folder, 'tokens'), { recursive: true, force: true });
  });
  after(() => rm(folder, { recursive: true }));

  const readSecret: ReadSecret = async (source) => new Secret(source.kind === 'value' ? source.value : 'other');
  const parts = () => ({ account: 'mail', stateDirectory: folder, readSecret });
  const start = async (options: OauthServerOptions = {}): Promise<void> => {
    server = await startOauthServer(options);
    run = createTestRun();
  };
  const oauth = (more: Readonly<Record<string, unknown>> = {}): LoginSetting =>
    settingOf({
      oauth: {
        provider: 'custom',
        clientId: 'client',
        scopes: ['mail', 'offline'],
        tokenEndpoint: `${server.url}/token`,
        authorizationEndpoint: `${server.url}/authorize`,
        deviceEndpoint: `${server.url}/device`,
        ...more,
      },
    });
  const oauthPart = (setting: LoginSetting) => (setting.kind === 'oauth' ? setting.value : assert.fail());
  const remember = (setting: LoginSetting, refreshToken: string): Promise<void> =>
    tokenStoreOf(oauthPart(setting), parts()).save({ refreshToken: new Secret(refreshToken), access: undefined });
  const source = (setting: LoginSetting): CredentialSource => credentialSource('alice', setting, parts());
  const tokenRequests = (): number => server.requests.filter(({ path }) => path === '/token').length;

  test('a password is what its source gives', async () => {
    await start();
    const credential = await source(settingOf({ password: { value: 'hunter2' } }))(false, run);
    assert.ok(credential.kind === 'password');
    assert.equal(credential.password.reveal(), 'hunter2');
    assert.doesNotMatch(inspect(credential), /hunter2/);
  });

  test('a token is fetched once and used until shortly before its end, also by the next run', async () => {
    await start();
    const setting = oauth();
    await remember(setting, server.giveRefreshToken('alice'));
    const first = source(setting);
    const token = tokenOf(await first(false, run));
    assert.equal(tokenOf(await first(false, run)), token);
    assert.equal(tokenOf(await source(setting)(false, run)), token, 'another process finds it in the state');
    assert.equal(tokenRequests(), 1);
    run.advance(3600_000 - 60_000);
    assert.notEqual(tokenOf(await first(false, run)), token);
    assert.equal(tokenRequests(), 2);
  });

  test('several connections at once cause one request', async () => {
    await start();
    const setting = oauth();
    await remember(setting, server.giveRefreshToken('alice'));
    const credentials = source(setting);
    await Promise.all([credentials(false, run), credentials(false, run), credentials(false, run)]);
    assert.equal(tokenRequests(), 1);
  });

  test('after a refusal by the mail server a new token is fetched, although the old one looked good', async () => {
    await start();
    const setting = oauth();
    await remember(setting, server.giveRefreshToken('alice'));
    const credentials = source(setting);
    const token = tokenOf(await credentials(false, run));
    assert.notEqual(tokenOf(await credentials(true, run)), token);
  });

  test('a refresh token that is replaced at each use is kept, and lost by nobody', async () => {
    await start({ rotates: true });
    const setting = oauth();
    await remember(setting, server.giveRefreshToken('alice'));
    for (let round = 0; round < 4; round++) assert.ok(tokenOf(await source(setting)(true, run)));
    // Two processes at once: the second finds what the first has made, and does not show a token that is worth nothing.
    await Promise.all([source(setting)(true, run), source(setting)(true, run)]);
    assert.ok(tokenOf(await source(setting)(true, run)));
  });

  test('the state is for the owner only, and lies whole under its name', async () => {
    await start();
    const setting = oauth();
    await remember(setting, server.giveRefreshToken('alice'));
    await source(setting)(false, run);
    const names = await readdir(join(folder, 'tokens'));
    assert.equal(names.length, 1, names.join());
    assert.equal((await stat(join(folder, 'tokens', names[0] ?? ''))).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, 'tokens'))).mode & 0o777, 0o700);
  });

  const refusedWith = async (credentials: Promise<unknown>, code: string, sentence: RegExp): Promise<void> => {
    await assert.rejects(credentials, (thrown: unknown) => {
      assert.ok(isFault(thrown), inspect(thrown));
      assert.equal(thrown.code, code, thrown.message);
      assert.match(`${thrown.message} ${thrown.hint ?? ''}`, sentence);
      assert.doesNotMatch(inspect(thrown, { depth: 9 }), /refresh~|access~|client-secret|BEGIN PRIVATE/);
      return true;
    });
  };

  test('whoever has not logged in, or whose consent was taken back, is told to log in', async () => {
    await start();
    const setting = oauth();
    await refusedWith(source(setting)(false, run), 'credentials-refused', /nobody has logged in.*mailkeep login mail/);
    await remember(setting, 'refresh~revoked');
    await refusedWith(
      source(setting)(false, run),
      'credentials-refused',
      /Token has been revoked.*mailkeep login mail/,
    );
  });

  test('tokens of another client are not shown to this one', async () => {
    await start();
    await remember(oauth(), server.giveRefreshToken('alice'));
    await refusedWith(source(oauth({ clientId: 'other' }))(false, run), 'credentials-refused', /nobody has logged in/);
  });

  test('a server that is down, throttles, redirects or talks nonsense has a fault for each', async () => {
    await start();
    const setting = oauth();
    await remember(setting, server.giveRefreshToken('alice'));
    const attempt = (): Promise<Credential> => source(setting)(true, run);
    server.next.push([503, {}]);
    await refusedWith(attempt(), 'server-unavailable', /does not work/);
    server.next.push([429, {}, { 'retry-after': '7' }]);
    await assert.rejects(attempt(), (thrown: unknown) => {
      assert.ok(isFault(thrown, 'server-throttled') && thrown.retry);
      return thrown.context['retryAfterMilliseconds'] === 7000;
    });
    server.next.push([302, {}, { location: 'https://evil.example/' }]);
    await refusedWith(attempt(), 'server-misbehaved', /elsewhere/);
    server.next.push([200, '<html>refresh~1</html>']);
    await refusedWith(attempt(), 'server-misbehaved', /no token and no reason/);
    server.next.push([400, { error: 'invalid_client', error_description: 'x\u001b[31m' }]);
    await refusedWith(attempt(), 'credentials-refused', /does not accept this client \(invalid_client: x\[31m\)/);
    assert.ok(tokenOf(await attempt()), 'nothing of this has spoilt the state');
    await server.stop();
    await refusedWith(attempt(), 'server-unavailable', /cannot be reached \(ECONNREFUSED\)/);
  });

  test('a damaged state is told, and quotes nothing', async () => {
    await start();
    const setting = oauth();
    await remember(setting, server.giveRefreshToken('alice'));
    const [name = ''] = await readdir(join(folder, 'tokens'));
    const { truncate } = await import('node:fs/promises');
    await truncate(join(folder, 'tokens', name), 200);
    await refusedWith(source(setting)(false, run), 'configuration', /cannot be read.*mailkeep login/);
  });

  test('RFC 8628: a device shows a code, waits until it is typed, and keeps what it gets', async () => {
    await start({ rotates: true });
    server.pendingPolls = 2;
    const setting = oauth({ flow: 'device', clientSecret: { value: 'client-secret' } });
    const shown: string[] = [];
    await loginPerson(
      oauthPart(setting),
      parts(),
      { ...silent, showCode: ({ code, page }) => shown.push(page, code) },
      run,
    );
    assert.deepEqual(shown, [`${server.url}/go`, 'WDJB-MJHT']);
    assert.ok(tokenOf(await source(setting)(false, run)));
    assert.ok(
      server.requests.every(({ path, fields }) => path !== '/token' || fields['client_secret'] === 'client-secret'),
    );
    server.declines = true;
    await refusedWith(loginPerson(oauthPart(setting), parts(), silent, run), 'credentials-refused', /declined/);
  });

  const silent: LoginPrompt = {
    show: () => undefined,
    showCode: () => undefined,
    pasted: () => new Promise(() => undefined),
    goodPage: 'good',
    badPage: 'bad',
  };

  const visit = (address: string): Promise<{ status: number; location: string; body: string }> =>
    new Promise((resolve, reject) => {
      request(address, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', body }),
        );
      })
        .on('error', reject)
        .end();
    });

  test('RFC 8252, RFC 7636: a browser comes back to this machine, with PKCE and the state that was sent', async () => {
    await start();
    const setting = oauth();
    const answers: { status: number; body: string }[] = [];
    const show = (address: string): void => {
      void visit(address).then(async ({ location }) => {
        const forged = new URL(location);
        forged.searchParams.set('state', 'forged');
        answers.push(await visit(forged.href));
        answers.push(await visit(location));
      });
    };
    await loginPerson(oauthPart(setting), parts(), { ...silent, show }, run);
    assert.ok(tokenOf(await source(setting)(false, run)));
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.replace(/.*<p>|<\/p>/g, '')]),
      [
        [404, 'bad'],
        [200, 'good'],
      ],
    );
  });

  test('where the browser is on another machine, the address that it ends at may be pasted', async () => {
    await start();
    const setting = oauth();
    const { promise, resolve } = Promise.withResolvers<string>();
    const show = (address: string): void => void visit(address).then(({ location }) => resolve(`${location}\n`));
    await loginPerson(oauthPart(setting), parts(), { ...silent, show, pasted: () => promise }, run);
    assert.ok(tokenOf(await source(setting)(false, run)));
    const other = { ...silent, pasted: () => Promise.resolve('http://127.0.0.1/?state=x&code=y') };
    await refusedWith(loginPerson(oauthPart(setting), parts(), other, run), 'credentials-refused', /another login/);
    server.declines = true;
    const no = Promise.withResolvers<string>();
    const decline = (address: string): void => void visit(address).then(({ location }) => no.resolve(location));
    const declining = { ...silent, show: decline, pasted: () => no.promise };
    await refusedWith(loginPerson(oauthPart(setting), parts(), declining, run), 'credentials-refused', /declined/);
  });

  test('a login that nobody answers ends when it is interrupted', async () => {
    await start();
    const waiting = loginPerson(oauthPart(oauth()), parts(), { ...silent, show: () => run.abort() }, run);
    await assert.rejects(waiting, (thrown: unknown) => isFault(thrown, 'interrupted'));
  });

  const serviceAccount = (): LoginSetting =>
    settingOf({
      serviceAccount: {
        key: {
          value: JSON.stringify({
            client_email: 'backup@project.iam.example',
            private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
            private_key_id: 'k1',
            token_uri: `${server.url}/token`,
          }),
        },
        administrator: 'admin@example.com',
        directoryEndpoint: `${server.url}/users`,
      },
    });

  test('a Google service account acts for a user, with a statement that its key has signed', async () => {
    await start({ publicKey });
    const credentials = credentialSource('bob@example.com', serviceAccount(), parts());
    assert.equal(server.access.get(tokenOf(await credentials(false, run))), 'bob@example.com');
    const claims = server.requests.find(({ path }) => path === 'claims')?.fields;
    assert.equal(claims?.['scope'], 'https://www.googleapis.com/auth/gmail.imap_admin');
    assert.deepEqual([claims?.['iss'], claims?.['aud']], ['backup@project.iam.example', `${server.url}/token`]);
    assert.equal(Number(claims?.['exp']) - Number(claims?.['iat']), 3600);
    const stranger = credentialSource('stranger@example.com', serviceAccount(), parts());
    await refusedWith(stranger(false, run), 'credentials-refused', /may not act for stranger.*domain-wide delegation/);
  });

  test('a key that is none is told, and not quoted', async () => {
    await start();
    const setting = settingOf({ serviceAccount: { key: { value: '{"private_key": "-----BEGIN PRIVATE KEY-----"}' } } });
    await refusedWith(credentialSource('a', setting, parts())(false, run), 'configuration', /not the JSON file/);
  });

  test('all users of a domain are listed, page after page, without those whom nobody can log in as', async () => {
    const users = ['e', 'd', 'c', 'b', 'a'].map((name) => ({
      primaryEmail: `${name}@example.com`,
      suspended: name === 'c',
    }));
    await start({ publicKey, users });
    const setting = serviceAccount();
    assert.ok(setting.kind === 'serviceAccount');
    const { active, suspended } = await domainUsers(setting.value, 'example.com', readSecret, run);
    assert.deepEqual(active, ['a@example.com', 'b@example.com', 'd@example.com', 'e@example.com']);
    assert.deepEqual(suspended, ['c@example.com']);
    assert.equal(server.requests.filter(({ path }) => path === '/users').length, 3);
    assert.equal(server.requests.find(({ path }) => path === 'claims')?.fields['sub'], 'admin@example.com');
    server.next.push([200, { access_token: 'x' }], [403, {}]);
    await refusedWith(
      domainUsers(setting.value, 'example.com', readSecret, run),
      'credentials-refused',
      /does not list the users.*Admin SDK/,
    );
    const endless = { nextPageToken: 'x', users: [] };
    server.next.push([200, { access_token: 'x' }], [200, endless], [200, endless]);
    await refusedWith(domainUsers(setting.value, 'a', readSecret, run), 'server-misbehaved', /without an end/);
  });

  test('Microsoft: an application of its own right gets tokens with its secret', async () => {
    await start();
    const of = (secret: string): LoginSetting =>
      settingOf({
        clientCredentials: {
          tenant: 'example',
          clientId: 'id',
          clientSecret: { value: secret },
          tokenEndpoint: `${server.url}/token`,
        },
      });
    assert.ok(tokenOf(await source(of('client-secret'))(false, run)));
    assert.equal(server.requests[0]?.fields['scope'], 'https://outlook.office365.com/.default');
    await refusedWith(source(of('wrong'))(false, run), 'credentials-refused', /does not accept this client/);
  });

  test('no file of the state holds a password of the client', async () => {
    await start();
    const setting = oauth({ clientSecret: { value: 'client-secret' } });
    await remember(setting, server.giveRefreshToken('alice'));
    await source(setting)(false, run);
    const [name = ''] = await readdir(join(folder, 'tokens'));
    assert.doesNotMatch(await readFile(join(folder, 'tokens', name), 'utf8'), /client-secret/);
  });
});
