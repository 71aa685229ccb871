import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { createTestRun } from '../../contract/test-run.ts';
import { isFault } from '../../model/fault.ts';
import { Secret } from '../../model/secret.ts';
import { announcement, notifierParts, value } from '../loopback-fixture.ts';
import { mailNotifier } from './mail-notifier.ts';
import type { SmtpSetting } from './mail-setting.ts';

const folder = mkdtempSync(join(tmpdir(), 'mailkeep-smtp-'));
after(() => rmSync(folder, { recursive: true }));
const [keyFile, certificateAuthority] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
execFileSync(
  'openssl',
  `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ${keyFile} -out ${certificateAuthority} -subj /CN=localhost -addext subjectAltName=DNS:localhost`.split(
    ' ',
  ),
  { stdio: 'ignore' },
);
const [key, cert] = [readFileSync(keyFile), readFileSync(certificateAuthority)];

interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly message: string;
}

const withServer = async (
  options: SMTPServerOptions,
  work: (port: number, taken: readonly Taken[]) => Promise<void>,
): Promise<void> => {
  const taken: Taken[] = [];
  const server = new SMTPServer({
    key,
    cert,
    onAuth: ({ username, password, accessToken }, _session, done) =>
      username === 'me' && (password === 'right' || accessToken === 'token')
        ? done(null, { user: 'me' })
        : done(new Error('no')),
    onData: (stream, { envelope }, done) => {
      let message = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        message += text;
      });
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        taken.push({ from, to: envelope.rcptTo.map(({ address }) => address), message });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  try {
    await work(typeof address === 'object' && address !== null ? address.port : 0, taken);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
};

const smtp = (port: number, more: Partial<SmtpSetting> = {}): SmtpSetting => ({
  host: 'localhost',
  port,
  security: 'tls',
  certificateAuthority,
  ...more,
});

const password = (text: string): Partial<SmtpSetting> => ({
  user: 'me',
  login: { kind: 'password', value: value(text) },
});

const send = (setting: SmtpSetting, parts = notifierParts, run = createTestRun()): Promise<void> => {
  const by = { kind: 'smtp', value: setting } as const;
  const notifier = mailNotifier({ to: ['a@example.com', 'b@example.com'], from: 'me@example.com', by }, parts);
  assert.ok(notifier.kind === 'message');
  return notifier.send(announcement, run);
};

test('B5: a mail with text and HTML goes to each recipient by SMTP over TLS, after a login', () =>
  withServer({ secure: true }, async (port, taken) => {
    await send(smtp(port, password('right')));
    const [mail] = taken;
    assert.deepEqual([mail?.from, mail?.to], ['me@example.com', ['a@example.com', 'b@example.com']]);
    const parsed = await PostalMime.parse(mail?.message ?? '');
    assert.equal(parsed.subject, announcement.subject);
    assert.equal(parsed.text?.trimEnd(), announcement.text.trimEnd());
    assert.equal(parsed.html?.trimEnd(), announcement.html.trimEnd());
    assert.equal(parsed.from?.name, 'Mailkeep (nas)');
    assert.equal(parsed.messageId, '<00000000cafe0026.failed@nas.example.org>');
    assert.equal(parsed.date, '2026-11-26T03:03:07.000Z');
    const header = (name: string) => parsed.headers.find((one) => one.key === name)?.value;
    assert.equal(header('auto-submitted'), 'auto-generated');
    assert.match(header('x-priority') ?? '', /^1/);
  }));

test('B5: STARTTLS is used where it is asked for, and nothing goes where it is not offered', async () => {
  await withServer({}, async (port, taken) => {
    await send(smtp(port, { security: 'starttls', ...password('right') }));
    assert.equal(taken.length, 1);
  });
  await withServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }, async (port, taken) => {
    await assert.rejects(send(smtp(port, { security: 'starttls', ...password('right') })), (fault) =>
      isFault(fault, 'server-refused'),
    );
    assert.equal(taken.length, 0);
  });
});

test('B5: an account of the configuration lends its token, which is made anew once when it is refused', () =>
  withServer({ secure: true, authMethods: ['XOAUTH2'] }, async (port, taken) => {
    const asked: boolean[] = [];
    const parts = {
      ...notifierParts,
      credentialsOf: () =>
        Promise.resolve((refused: boolean) => {
          asked.push(refused);
          return Promise.resolve({ kind: 'bearer', user: 'me', token: new Secret(refused ? 'token' : 'old') } as const);
        }),
    };
    await send(smtp(port, { login: { kind: 'account', value: 'gmail' } }), parts);
    assert.deepEqual(asked, [false, true]);
    assert.equal(taken.length, 1);
  }));

test('a wrong password, a certificate that does not verify, and a refused recipient each are a fault without a secret', async () => {
  await withServer({ secure: true }, async (port, taken) => {
    await assert.rejects(send(smtp(port, password('wrong-password'))), (fault) => {
      assert.ok(isFault(fault, 'credentials-refused'));
      const encoded = Buffer.from('wrong-password').toString('base64').slice(0, 16);
      const told = JSON.stringify([fault, fault.message, fault.hint, fault.stack, String(fault.cause)]);
      assert.ok(!told.includes('wrong-password') && !told.includes(encoded));
      return true;
    });
    const { certificateAuthority: _, ...unknown } = smtp(port, password('right'));
    await assert.rejects(send(unknown), (fault) => isFault(fault, 'certificate-untrusted'));
    assert.equal(taken.length, 0);
  });
  const onRcptTo: SMTPServerOptions['onRcptTo'] = (_address, _session, done) => done(new Error('nobody here'));
  await withServer({ secure: true, onRcptTo }, async (port) => {
    await assert.rejects(send(smtp(port, password('right'))), (fault) => {
      assert.ok(isFault(fault, 'server-refused'));
      assert.match(fault.message, /nobody here/);
      return true;
    });
  });
});

test('what one recipient is refused and another has is delivered, with a notice', () => {
  const onRcptTo: SMTPServerOptions['onRcptTo'] = ({ address }, _session, done) =>
    address.startsWith('a@') ? done(new Error('nobody here')) : done();
  return withServer({ secure: true, onRcptTo }, async (port, taken) => {
    const run = createTestRun();
    await send(smtp(port, password('right')), notifierParts, run);
    assert.deepEqual(taken[0]?.to, ['b@example.com']);
    const [notice] = run.events;
    assert.ok(notice?.kind === 'notice');
    assert.match(notice.message, /does not take mail for 1 of the recipients; the others have it/);
  });
});

test('a server that hangs, cuts the connection, or is not there, is waited for no longer than its time', async () => {
  const unavailable = (fault: unknown): boolean => isFault(fault, 'server-unavailable');
  const short = { ...notifierParts, patience: 200 };
  for (const treat of ['hang', 'cut'] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (treat === 'cut') socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await assert.rejects(send(smtp(port, { security: 'none' }), short), unavailable, treat);
    server.close();
    await assert.rejects(send(smtp(port, { security: 'none' }), short), unavailable);
  }
});

test('an interrupted run lets go of the server', () =>
  withServer({ secure: true, onConnect: () => undefined }, async (port) => {
    const run = createTestRun();
    const sending = assert.rejects(send(smtp(port), notifierParts, run), (fault) => isFault(fault, 'interrupted'));
    setImmediate(() => run.abort());
    await sending;
  }));
