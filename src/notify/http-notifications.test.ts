import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createTestRun } from '../contract/test-run.ts';
import { isFault } from '../model/fault.ts';
import { announcement, notifierParts, startServer, value } from './loopback-fixture.ts';
import { ntfyNotifier } from './ntfy.ts';
import { pingNotifier } from './ping.ts';
import { slackNotifier } from './slack.ts';
import { webhookNotifier } from './webhook.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

const withServer = async (
  work: (server: Server) => Promise<void>,
  answer?: Parameters<typeof startServer>[0],
): Promise<void> => {
  const server = await startServer(answer);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
};

const ways = {
  webhook: (url: string) => webhookNotifier({ url: value(url), headers: {} }, notifierParts),
  slack: (url: string) => slackNotifier({ url: value(url) }, notifierParts),
  ntfy: (url: string) => ntfyNotifier({ url: value(url) }, notifierParts),
  ping: (url: string) => pingNotifier({ url: value(url) }, notifierParts),
};

const send = async (notifier: ReturnType<(typeof ways)['ping']>, run = createTestRun()): Promise<void> =>
  notifier.kind === 'ping' ? notifier.ping('failure', 'the end', run) : notifier.send(announcement, run);

test('B5: a webhook gets the report as JSON, with its headers and a signature of the body', () =>
  withServer(async ({ base, received }) => {
    const setting = {
      url: value(`${base}/hook?x=1`),
      secret: value('key'),
      headers: { Authorization: value('Bearer abc') },
    };
    await send(webhookNotifier(setting, notifierParts));
    const [request] = received;
    assert.equal(request?.url, '/hook?x=1');
    assert.equal(request?.headers.authorization, 'Bearer abc');
    const digest = createHmac('sha256', 'key')
      .update(request?.body ?? '')
      .digest('hex');
    assert.equal(request?.headers['x-mailkeep-signature'], `sha256=${digest}`);
    const body: unknown = JSON.parse(request?.body ?? '');
    const { html: _, ...told } = announcement;
    assert.deepEqual(body, { message_type: 'report', ...told });
  }));

test('B5: ntfy gets title, text and priority under its topic, with a token', () =>
  withServer(async ({ base, received }) => {
    await send(ntfyNotifier({ url: value(`${base}/sub/topic`), token: value('tk_1') }, notifierParts));
    const [request] = received;
    assert.equal(request?.url, '/sub/');
    assert.equal(request?.headers.authorization, 'Bearer tk_1');
    assert.deepEqual(JSON.parse(request?.body ?? ''), {
      topic: 'topic',
      title: announcement.subject,
      message: announcement.text,
      priority: 5,
      tags: ['rotating_light'],
    });
  }));

test('B5: Slack gets text in which nothing of a folder name is a mention, a link or the end of the block', () =>
  withServer(async ({ base, received }) => {
    await send(ways.slack(`${base}/services/T/B/x`));
    const { text } = JSON.parse(received[0]?.body ?? '') as { readonly text: string };
    assert.match(text, /^\*\[ALERT\] Mail Backup Failed - 2026-11-26\*\n```\n失敗/);
    assert.ok(text.includes("@\u200bchannel &lt;!here&gt; &amp; '''x'''"));
  }));

test('B5: a monitor is pinged at start, success and failure, with what happened in the body', () =>
  withServer(async ({ base, received }) => {
    const notifier = ways.ping(`${base}/uuid/?rid=1`);
    assert.ok(notifier.kind === 'ping');
    for (const moment of ['start', 'success', 'failure'] as const) await notifier.ping(moment, moment, createTestRun());
    assert.deepEqual(
      received.map(({ url, body }) => [url, body]),
      [
        ['/uuid/start?rid=1', 'start'],
        ['/uuid?rid=1', 'success'],
        ['/uuid/fail?rid=1', 'failure'],
      ],
    );
    await notifier.ping('failure', '長'.repeat(40_000), createTestRun());
    const long = received[3]?.body ?? '';
    assert.ok(Buffer.byteLength(long) <= 100_000 && /^長+…$/.test(long));
  }));

const statuses = {
  500: 'server-unavailable',
  404: 'server-refused',
  401: 'credentials-refused',
  429: 'server-throttled',
  302: 'server-misbehaved',
  400: 'server-refused',
} as const;

for (const [kind, open] of Object.entries(ways)) {
  test(`${kind}: what a server answers with becomes a fault that names the host, and no more of the address`, async () => {
    for (const [status, code] of Object.entries(statuses)) {
      const answer: Parameters<typeof startServer>[0] = (response) =>
        response.writeHead(Number(status), { location: 'https://elsewhere.example' }).end('token-xyz');
      await withServer(async ({ base, received }) => {
        await assert.rejects(send(open(`${base}/token-xyz`)), (fault) => {
          assert.ok(isFault(fault, code), `${status}: ${String(fault)}`);
          assert.ok(!JSON.stringify([fault, fault.message, fault.hint, fault.stack]).includes('token-xyz'));
          return true;
        });
        assert.equal(received.length, 1);
      }, answer);
    }
  });

  test(`${kind}: a server that hangs, breaks off, or is not there is waited for no longer than its time`, async () => {
    const short = { ...notifierParts, patience: 100 };
    const hanging = {
      webhook: (url: string) => webhookNotifier({ url: value(url), headers: {} }, short),
      slack: (url: string) => slackNotifier({ url: value(url) }, short),
      ntfy: (url: string) => ntfyNotifier({ url: value(url) }, short),
      ping: (url: string) => pingNotifier({ url: value(url) }, short),
    }[kind];
    assert.ok(hanging !== undefined);
    const unavailable = (fault: unknown): boolean => isFault(fault, 'server-unavailable');
    await withServer(
      ({ base }) => assert.rejects(send(hanging(`${base}/t`)), unavailable),
      () => undefined,
    );
    const half: Parameters<typeof startServer>[0] = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setImmediate(() => response.destroy());
    };
    await withServer(({ base }) => assert.rejects(send(open(`${base}/t`)), unavailable), half);
    await withServer(
      ({ base }) => assert.rejects(send(open(`${base}/t`)), unavailable),
      (response) => response.socket?.resetAndDestroy(),
    );
    const gone = await startServer();
    await gone.stop();
    await assert.rejects(send(open(`${gone.base}/t`)), unavailable);
  });
}

test('a run that is interrupted does not wait for a server', () =>
  withServer(
    async ({ base, received }) => {
      const run = createTestRun();
      const sending = assert.rejects(send(ways.webhook(`${base}/t`), run), (fault) => isFault(fault, 'interrupted'));
      while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
      run.abort();
      await sending;
    },
    () => undefined,
  ));

test('addresses without TLS, and what is no address, are refused before anything is sent, and not quoted', async () => {
  for (const url of ['http://hooks.example.com/token-xyz', 'token-xyz', 'ftp://example.com/token-xyz']) {
    await assert.rejects(send(ways.webhook(url)), (fault) => {
      assert.ok(isFault(fault, 'configuration'));
      assert.ok(!`${fault.message}${fault.hint}`.includes('token-xyz'));
      return true;
    });
  }
  await assert.rejects(send(ways.ntfy('https://ntfy.sh/')), (fault) => isFault(fault, 'configuration'));
});

test('a header that would begin another one is refused', () =>
  withServer(async ({ base, received }) => {
    const setting = { url: value(`${base}/hook`), headers: { Authorization: value('a\r\nX-Other: b') } };
    await assert.rejects(send(webhookNotifier(setting, notifierParts)), (fault) => isFault(fault, 'configuration'));
    assert.equal(received.length, 0);
  }));

test('a secret that hangs is waited for no longer than the time of its notification, and its reader is told to stop', async () => {
  const stopped: AbortSignal[] = [];
  const parts = {
    ...notifierParts,
    patience: 50,
    readSecret: (_source: unknown, { signal }: { readonly signal: AbortSignal }) => {
      stopped.push(signal);
      return new Promise<never>(() => undefined);
    },
  };
  const url = value('https://hooks.example.com/');
  const notifiers = [
    webhookNotifier({ url, headers: {} }, parts),
    slackNotifier({ url }, parts),
    ntfyNotifier({ url }, parts),
    pingNotifier({ url }, parts),
  ];
  for (const notifier of notifiers) {
    await assert.rejects(send(notifier), (fault) => isFault(fault, 'server-unavailable') && fault.retry);
  }
  assert.deepEqual(
    stopped.map(({ aborted }) => aborted),
    [true, true, true, true],
  );
});
