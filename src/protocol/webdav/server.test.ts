import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { treeStore } from '../../operation/browse/browse-fixture.ts';
import { snapshotView } from '../../operation/browse/snapshot-view.ts';
import { Fault } from '../../model/fault.ts';
import { serveWebdav, type WebdavServer } from './server.ts';

const token = 'f'.repeat(32);
const letters = 'abcdefghijklmnopqrstuvwxyz';
const tree = {
  folder: { letters, empty: '', 'odd <&>"\x01 \xff%2e': 'odd' },
  Maildir: { cur: {}, new: { '1.M1.x': 'Subject: a ]]> & <b>\n\n' } },
};

let server: WebdavServer;
let failing: WebdavServer;
const run = createTestRun();

before(async () => {
  server = await serveWebdav(snapshotView(treeStore(tree)), { host: '127.0.0.1', port: 0, token }, run);
  const store = treeStore(tree);
  const open = (): Promise<never> => Promise.reject(new Fault('io-failed', 'the secret place /x cannot be read'));
  failing = await serveWebdav(snapshotView({ ...store, open }), { host: '127.0.0.1', port: 0, token }, run);
});

after(() => Promise.all([server.close(), failing.close()]));

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** The path goes out as it is: fetch would clean it. */
const ask = (
  method: string,
  path: string,
  {
    headers = {},
    body = '',
    origin = server.origin,
  }: { headers?: Record<string, string>; body?: string; origin?: string } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const asked = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    asked.on('error', reject).end(body);
  });

const base = `/${token}/latest/folder`;

describe('a WebDAV server', () => {
  test('says what it can do, and that no more is allowed', async () => {
    const options = await ask('OPTIONS', '/');
    assert.deepEqual([options.status, options.headers['dav']], [200, '1']);
    for (const method of ['PUT', 'DELETE', 'MKCOL', 'MOVE', 'COPY', 'PROPPATCH', 'LOCK', 'POST', 'PATCH']) {
      const { status, headers } = await ask(method, `${base}/letters`, { body: 'x' });
      assert.deepEqual([status, headers['allow']], [405, 'OPTIONS, GET, HEAD, PROPFIND'], method);
    }
  });

  test('lets nobody in without the token, whatever the path, nor under a foreign name, nor for a foreign page', async () => {
    for (const path of ['/', '/latest', `/${'e'.repeat(32)}/latest`, `/${token}x/`, '/snapshots/..;/'])
      assert.equal((await ask('GET', path)).status, 401, path);
    assert.equal((await ask('PUT', '/latest')).status, 401);
    assert.equal((await ask('GET', `${base}/letters`, { headers: { host: 'evil.example' } })).status, 421);
    assert.equal((await ask('GET', `${base}/letters`, { headers: { origin: 'http://evil.example' } })).status, 421);
    const authorization = `Basic ${Buffer.from(`me:${token}`).toString('base64')}`;
    assert.equal((await ask('GET', '/latest/folder/letters', { headers: { authorization } })).body, letters);
  });

  test('leads nowhere outside', async () => {
    for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd', '/folder/%00'])
      assert.equal((await ask('GET', `/${token}/latest${path}`)).status, 400, path);
    assert.equal((await ask('GET', `/${token}/latest/etc/passwd`)).status, 404);
  });

  test('gives files whole and in ranges, and says when they are known', async () => {
    const whole = await ask('GET', `${base}/letters`);
    assert.deepEqual([whole.status, whole.body, whole.headers['content-length']], [200, letters, '26']);
    const range = await ask('GET', `${base}/letters`, { headers: { range: 'bytes=3-5' } });
    assert.deepEqual([range.status, range.body, range.headers['content-range']], [206, 'def', 'bytes 3-5/26']);
    const none = await ask('GET', `${base}/letters`, { headers: { range: 'bytes=26-' } });
    assert.deepEqual([none.status, none.headers['content-range']], [416, 'bytes */26']);
    const etag = String(whole.headers['etag']);
    assert.equal((await ask('GET', `${base}/letters`, { headers: { 'if-none-match': etag } })).status, 304);
    const changed = await ask('GET', `${base}/letters`, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    assert.deepEqual([changed.status, changed.body], [200, letters]);
    const head = await ask('HEAD', `${base}/letters`);
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '26']);
    const empty = await ask('GET', `${base}/empty`);
    assert.deepEqual([empty.status, empty.body], [200, '']);
  });

  test('lists one level, with names of any bytes, and refuses to list all', async () => {
    for (const depth of ['infinity', undefined]) {
      const headers: Record<string, string> = depth === undefined ? {} : { depth };
      assert.equal((await ask('PROPFIND', base, { headers })).status, 403);
    }
    const { status, body } = await ask('PROPFIND', base, { headers: { depth: '1' } });
    assert.equal(status, 207);
    const hrefs = [...body.matchAll(/<D:href>([^<]*)/g)].map(([, href]) => href);
    const odd = 'odd%20%3C%26%3E%22%01%20%FF%252e';
    assert.deepEqual(hrefs, [`${base}/`, `${base}/letters`, `${base}/empty`, `${base}/${odd}`]);
    assert.match(body, /<D:displayname>odd &lt;&amp;&gt;&quot;\\x01 \\xff%2e</);
    assert.doesNotMatch(body, /[\x00-\x08\x0b-\x1f]/);
    assert.equal((await ask('GET', `${base}/${odd}`)).body, 'odd');
    assert.match((await ask('GET', `${base}/`)).body, /href="\.\/odd%20%3C%26%3E%22%01%20%FF%252e">odd &lt;/);
    assert.equal((await ask('GET', base)).headers['location'], `${base}/`);
  });

  test('answers for the properties that are asked for, and for those that there are not', async () => {
    const inbox = `/${token}/mail/latest/INBOX/`;
    const body = `<propfind xmlns="DAV:"><prop><getcontenttype/><flags xmlns="urn:mailkeep:webdav"/><quota/><o:x xmlns:o="urn:&quot;"/></prop></propfind>`;
    const answer = await ask('PROPFIND', inbox, { headers: { depth: '1' }, body });
    const [, , message = ''] = answer.body.split('<D:response>');
    assert.match(message, /<D:href>[^<]*\/0001%202020-09-13%20a%20%5D%5D_%20%26%20_b_%20%5Bunread%5D\.eml</);
    assert.match(message, /getcontenttype>message\/rfc822<.*flags xmlns:X="urn:mailkeep:webdav">new<.* 200 OK/);
    assert.match(message, /<D:quota\/><X:x xmlns:X="urn:&amp;quot;"\/><\/D:prop><D:status>HTTP\/1\.1 404/);
    assert.equal((await ask('PROPFIND', inbox, { headers: { depth: '0' }, body: '<x' })).status, 400);
    assert.equal((await ask('PROPFIND', inbox, { headers: { depth: '0' }, body: 'x'.repeat(70_000) })).status, 413);
  });

  test('nothing that it serves can run in a browser, or tell the address to others', async () => {
    const { headers } = await ask('GET', `${base}/letters`);
    assert.match(String(headers['content-security-policy']), /default-src 'none';.*sandbox/);
    assert.deepEqual([headers['x-content-type-options'], headers['referrer-policy']], ['nosniff', 'no-referrer']);
  });

  test('what cannot be read is told to the person who serves, not to the one who asks', async () => {
    for (const method of ['GET', 'PROPFIND']) {
      const headers = { depth: '1' };
      const { status, body } = await ask(method, `/${token}/latest/`, { origin: failing.origin, headers });
      assert.equal(status, 500, method);
      assert.doesNotMatch(body, /secret/);
    }
    assert.ok(run.events.some((event) => event.kind === 'fault' && event.fault.code === 'io-failed'));
  });
});
