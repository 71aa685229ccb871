import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { Secret } from '../../../model/secret.ts';
import { createBrowser } from './browser.ts';
import { complaintsIn } from './complaints.ts';
import { settingsFile } from './roundcube-settings.ts';

describe('the log of Roundcube', () => {
  test('B12: what the database refused first is told, without the statement and what people wrote in it', () => {
    const log = [
      '[27-Nov-2026 09:00:00 +0000]: <a1b2c3d4> PHP Warning:  something in /x.php on line 3',
      "[27-Nov-2026 09:00:01 +0000]: <a1b2c3d4> DB Error: [1146] Table 'r.session' doesn't exist (SQL Query: INSERT INTO `session` VALUES ('private')) in /usr/share/roundcube/program/lib/Roundcube/rcube_db.php on line 566 (POST /)",
      '[27-Nov-2026 09:00:02 +0000]: DB Error: [1] another (SQL Query: SELECT 1)',
    ].join('\n');
    const { database, last } = complaintsIn(log, []);
    assert.equal(database, "[1146] Table 'r.session' doesn't exist");
    assert.equal(last, '[1] another');
  });

  test('B12: the last error of PHP is told, without secrets and without its trace', () => {
    const log =
      '[27-Nov-2026 09:00:00 UTC] PHP Fatal error:  Uncaught Error: no such thing as hush in /x.php:3\nStack trace:\n#0 {main}\n';
    const { database, last } = complaintsIn(log, ['hush', '']);
    assert.equal(database, undefined);
    assert.equal(last, 'PHP Fatal error: Uncaught Error: no such thing as ••• in /x.php:3');
    assert.deepEqual(complaintsIn('', []), { database: undefined, last: undefined });
  });
});

test('B12: names of databases and folders with odd letters stand in the configuration as they are meant', () => {
  const names = { socket: "/var/o'd(d)/s", user: 'u', password: new Secret('p'), database: 'a@b/c' };
  const database = { kind: 'mariadb', ...names } as const;
  const text = settingsFile({ folder: '/f', data: "/it's" }, { database, mailPort: 1143, key: 'k' });
  assert.match(text, /\$config\['db_dsnw'\] = 'mysql:\/\/u:p@unix\(%2Fvar%2Fo\\'d%28d%29%2Fs\)\/a%40b%2Fc';/);
  assert.match(text, /\$config\['log_dir'\] = '\/it\\'s\/logs';/);
  assert.match(text, /\$config\['imap_host'\] = '127\.0\.0\.1:1143';/);
});

test('B12: a file of SQLite is named by its whole path', () => {
  const database = { kind: 'sqlite', file: '/var/a b/x.sqlite' } as const;
  const text = settingsFile({ folder: '/f', data: '/d' }, { database, mailPort: 1, key: 'k' });
  assert.match(text, /'sqlite:\/\/\/\/var\/a%20b\/x\.sqlite\?mode=0600'/);
});

test('B12: a visitor of webmail keeps cookies, goes nowhere else, and takes no page without an end', async (context) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.cookie ?? ''}`);
    if (request.url === '/large') {
      response.end('x'.repeat(5 * 1024 * 1024));
      return;
    }
    const cookies = ['a=1; path=/', 'b=-del-; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0'];
    response.writeHead(302, { location: 'http://example.com/', 'set-cookie': cookies }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const browser = createBrowser(`http://127.0.0.1:${port}`, new AbortController().signal);
  const { location } = await browser.get('/');
  await browser.post('/', { x: 'y' });
  assert.deepEqual(asked, ['/ ', '/ a=1']);
  await assert.rejects(browser.get(location ?? ''), /leads to http:\/\/example\.com/);
  await assert.rejects(browser.get('/large'), /does not come to an end/);
  const aborted = createBrowser(`http://127.0.0.1:${port}`, AbortSignal.abort());
  await assert.rejects(aborted.get('/'), { code: 'interrupted' });
});
