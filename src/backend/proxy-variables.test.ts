import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyVariables } from './proxy-variables.ts';

test('S2: proxies are taken from the environment in either spelling, and never for this machine itself', () => {
  assert.deepEqual(proxyVariables({}), {});
  assert.deepEqual(proxyVariables({ NO_PROXY: 'nas', HTTPS_PROXY: '' }), {});
  const both = { HTTPS_PROXY: 'http://large:3128', https_proxy: 'http://small:3128', NO_PROXY: 'nas,.example.com' };
  assert.deepEqual(proxyVariables(both), {
    https_proxy: 'http://small:3128',
    http_proxy: undefined,
    no_proxy: 'nas,.example.com,localhost,127.0.0.1,[::1],::1',
  });
  assert.equal(proxyVariables({ http_proxy: 'http://proxy', no_proxy: '*' })['no_proxy'], '*');
});
