import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Fault } from '../../../model/fault.ts';
import type { Status } from '../wire/response.ts';
import { answerFault, type Occasion } from './server-fault.ts';

const faultOf = (
  occasion: Occasion,
  text: string,
  condition: Status['condition'] = 'NO',
  secrets: string[] = [],
): Fault => {
  const [, name, said = ''] = /^(?:\[(\S+)\] )?(.*)$/.exec(text) ?? [];
  const code = name === undefined ? undefined : { name, argument: byteStringOfText('') };
  const status = { condition, code, text: byteStringOfText(said) };
  return answerFault(status, { occasion, title: 'LOGIN', host: 'mail.example', secrets });
};

describe('what servers say when they decline', () => {
  const cases: readonly (readonly [Occasion, string, string, boolean])[] = [
    ['login', '[AUTHENTICATIONFAILED] Authentication failed.', 'credentials-refused', false],
    ['login', '[AUTHENTICATIONFAILED] Invalid credentials (Failure)', 'credentials-refused', false],
    [
      'login',
      '[ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)',
      'credentials-refused',
      false,
    ],
    ['login', 'LOGIN failed.', 'credentials-refused', false],
    ['login', 'Login failed.', 'credentials-refused', false],
    ['login', '[UNAVAILABLE] Temporary authentication failure. [mx:2026]', 'server-unavailable', true],
    [
      'login',
      '[UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)',
      'server-throttled',
      true,
    ],
    ['login', '[ALERT] Too many simultaneous connections. (Failure)', 'server-throttled', true],
    [
      'login',
      '[ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page',
      'credentials-refused',
      false,
    ],
    ['login', '[WEBALERT] Web login required.', 'credentials-refused', false],
    ['command', 'Request is throttled. Suggested Backoff Time: 210000 milliseconds', 'server-throttled', true],
    ['command', '[THROTTLED] Too much', 'server-throttled', true],
    ['command', '[OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)', 'server-throttled', true],
    ['command', 'Server Busy', 'server-unavailable', true],
    ['command', '[NONEXISTENT] Unknown Mailbox: x', 'server-refused', false],
    ['command', 'Internal error occurred. Refer to server log', 'server-unavailable', true],
  ];
  for (const [occasion, text, code, retry] of cases) {
    test(`${occasion}: ${text}`, () => {
      const fault = faultOf(occasion, text);
      assert.equal(fault.code, code);
      assert.equal(fault.retry, retry);
      assert.notEqual(fault.message, '');
    });
  }

  test('BYE is a server that goes away, and one that throttles says so', () => {
    assert.equal(faultOf('command', 'Session expired, please login again.', 'BYE').code, 'server-unavailable');
    assert.equal(faultOf('command', 'Account exceeded bandwidth limits', 'BYE').code, 'server-throttled');
    assert.equal(faultOf('greeting', 'too many connections from your address', 'BYE').code, 'server-throttled');
  });

  test('the time to wait is taken from the words', () => {
    const { context } = faultOf('command', 'Request is throttled. Suggested Backoff Time: 210000 milliseconds');
    assert.equal(context['retryAfterMilliseconds'], 210_000);
  });

  test('a password that the server repeats is in no fault', () => {
    const fault = faultOf('login', 'unknown command LOGIN alice hunter2', 'BAD', ['hunter2']);
    assert.ok(!fault.message.includes('hunter2'));
  });
});
