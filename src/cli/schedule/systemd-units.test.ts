import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCron } from '../../model/schedule.ts';
import { ownerOf, serviceUnit, timerUnit, type UnitWish } from './systemd-units.ts';

const nightly = parseCron('0 3 * * *');
assert.ok(nightly !== undefined);
const wish: UnitWish = {
  name: 'mailkeep',
  scope: 'system',
  file: '/etc/mailkeep/mailkeep.yaml',
  command: ['/usr/bin/node', '/opt/100% "mine" $HOME/mailkeep.js', 'run'],
  environment: { XDG_STATE_HOME: '/srv/state of 100%' },
  rules: [nightly],
  timeZone: undefined,
  randomDelay: 900,
  writable: ['/srv/my backups'],
  needsPrivileges: false,
};

test('B14: words of a command and paths are quoted for systemd, so that nothing in them has a meaning', () => {
  const unit = serviceUnit(wish);
  assert.ok(unit.includes(String.raw`ExecStart=/usr/bin/node "/opt/100%% \"mine\" $$HOME/mailkeep.js" run` + '\n'));
  assert.ok(unit.includes('Environment="XDG_STATE_HOME=/srv/state of 100%%"\n'));
  assert.ok(unit.includes('ReadWritePaths="-/srv/my backups"\n'));
});

test('B14: the service may write only where it has to, and a user’s has no confinement that needs root', () => {
  assert.match(serviceUnit(wish), /^ProtectSystem=strict$/m);
  assert.match(serviceUnit(wish), /^PrivateTmp=yes$/m);
  assert.doesNotMatch(serviceUnit({ ...wish, writable: ['/tmp/x'] }), /PrivateTmp/);
  const own = serviceUnit({ ...wish, scope: 'user' });
  assert.doesNotMatch(own, /Protect|PrivateTmp|ReadWritePaths|User=|network-online/);
  assert.match(own, /^NoNewPrivileges=yes$/m);
});

test('B14: where sendmail has to work, which is setgid, a user’s service may gain its rights', () => {
  assert.doesNotMatch(serviceUnit({ ...wish, scope: 'user', needsPrivileges: true }), /NoNewPrivileges/);
});

test('B10: the share of a server is that of all processors, also for what it starts', () => {
  assert.match(serviceUnit({ ...wish, processorShare: 0.5 }), /^CPUQuota=\d+%$/m);
  assert.doesNotMatch(serviceUnit(wish), /CPUQuota/);
});

test('B14: a missed night is made up for, and the delay is random', () => {
  assert.match(timerUnit(wish), /^OnCalendar=\*-\*-\* 03:00:00$/m);
  assert.match(timerUnit(wish), /^Persistent=true$/m);
  assert.match(timerUnit(wish), /^RandomizedDelaySec=900s$/m);
});

test('units know whose they are', () => {
  assert.equal(ownerOf(timerUnit(wish)), '/etc/mailkeep/mailkeep.yaml');
  assert.equal(ownerOf('[Unit]\nDescription=another\n'), undefined);
});
