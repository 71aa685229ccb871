import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FoundService, planServices, type ServiceWish } from './service-plan.ts';

const service = (name: string, state: FoundService['state'], isDatabase = false): FoundService => ({
  name,
  state,
  isDatabase,
});
const wish = (more: Partial<ServiceWish> = {}): ServiceWish => ({
  needsRest: true,
  needsDatabase: false,
  isWhole: false,
  left: [],
  ...more,
});
const atWork = [
  service('postfix', 'running'),
  service('dovecot', 'running'),
  service('web', 'stopped'),
  service('mariadb', 'running', true),
];

describe('what is stopped and started around a restore', () => {
  test('B11: what runs is stopped but for databases, and only that is started again', () => {
    const plan = { stop: ['postfix', 'dovecot'], startFirst: [], start: ['postfix', 'dovecot'] };
    assert.deepEqual(planServices(atWork, wish()), plan);
    assert.deepEqual(planServices(atWork, wish({ needsRest: false, needsDatabase: true })), plan);
    assert.deepEqual(planServices(atWork, wish({ needsRest: false })), { stop: [], startFirst: [], start: [] });
  });

  test('B11: a database that is down is started first, and stays up', () => {
    const found = [service('postfix', 'running'), service('mariadb', 'stopped', true)];
    const plan = planServices(found, wish({ needsDatabase: true }));
    assert.deepEqual(plan, { stop: ['postfix'], startFirst: ['mariadb'], start: ['postfix'] });
  });

  test('B11: on a bare machine all is started once it is there, but not for a part of it', () => {
    const found = [service('postfix', 'stopped'), service('mariadb', 'stopped', true)];
    assert.deepEqual(planServices(found, wish({ needsDatabase: true, isWhole: true })), {
      stop: [],
      startFirst: ['mariadb'],
      start: ['postfix'],
    });
    assert.deepEqual(planServices(found, wish({ isWhole: true })).start, ['postfix', 'mariadb']);
    assert.deepEqual(planServices(found, wish()), { stop: [], startFirst: [], start: [] });
  });

  test('B11: what a restore that was killed has stopped is started by the next', () => {
    const found = [service('postfix', 'stopped'), service('dovecot', 'stopped'), service('web', 'stopped')];
    assert.deepEqual(planServices(found, wish({ left: ['postfix', 'dovecot'] })).start, ['postfix', 'dovecot']);
  });

  test('B11: commands are run around files, and started before databases, but not stopped for databases alone', () => {
    const found = [service('start it', 'unknown', true)];
    assert.deepEqual(planServices(found, wish()), { stop: ['start it'], startFirst: [], start: ['start it'] });
    assert.deepEqual(planServices(found, wish({ needsDatabase: true })), {
      stop: ['start it'],
      startFirst: ['start it'],
      start: [],
    });
    const alone = planServices(found, wish({ needsRest: false, needsDatabase: true }));
    assert.deepEqual(alone, { stop: [], startFirst: [], start: [] });
  });
});
