import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isForwarding, mailRoutes } from './mail-routes.ts';

const people = ['Alice@example.com', 'bob@example.com'];
const alias = (address: string, ...targets: readonly string[]) => ({ address, targets });
const routes = (...aliases: ReturnType<typeof alias>[]) =>
  mailRoutes(
    {
      place: 'usermgmt.alias',
      domains: ['example.com'],
      aliases,
      domainAliases: [{ domain: 'example.org', target: 'example.com' }],
    },
    people,
  );
const endsOf = (address: string, ...aliases: ReturnType<typeof alias>[]): readonly string[] =>
  [...routes(...aliases).ends(address)].toSorted();

describe('where the aliases of a server lead', () => {
  test('B12: through aliases of aliases to mailboxes, a circle included; what goes elsewhere is not counted', () => {
    const aliases = [
      alias('sales@example.com', 'team@example.com', 'x@example.net'),
      alias('team@example.com', ...people),
    ];
    assert.deepEqual(endsOf('Sales@example.com', ...aliases), ['alice@example.com', 'bob@example.com']);
    assert.deepEqual(
      endsOf('a@example.com', alias('a@example.com', 'b@example.com'), alias('b@example.com', 'a@example.com')),
      [],
    );
    const copy = alias('bob@example.com', 'bob@example.com', 'alice@example.com');
    assert.deepEqual(endsOf('bob@example.com', copy), ['alice@example.com', 'bob@example.com']);
    assert.deepEqual(endsOf('bob@example.com', alias('bob@example.com', 'x@example.net')), []);
  });

  test('B12: a whole domain that stands for another, one address for all others, and an extension', () => {
    assert.deepEqual(endsOf('bob@example.org'), ['bob@example.com']);
    assert.deepEqual(endsOf('anybody@example.com', alias('@example.com', 'bob@example.com')), ['bob@example.com']);
    assert.deepEqual(endsOf('bob+lists@example.com'), ['bob@example.com']);
  });

  test('B12: an alias that leads to an address of this server which is nobody’s is named, and no other', () => {
    const { nowhere } = routes(
      alias('info@example.com', 'gone@example.com', 'bob@example.com'),
      alias('old@example.com', 'gone@example.org'),
      alias('post@example.com', 'info@example.com', 'gone@example.net', 'alice+box@example.com'),
    );
    assert.deepEqual(nowhere, [
      { address: 'info@example.com', target: 'gone@example.com' },
      { address: 'old@example.com', target: 'gone@example.org' },
    ]);
    assert.deepEqual(
      routes(alias('@example.com', 'bob@example.com'), alias('x@example.com', 'y@example.com')).nowhere,
      [],
    );
  });

  test('B12: what leads from a mailbox to itself alone is no forwarding', () => {
    assert.equal(isForwarding(alias('bob@example.com', 'Bob@example.com')), false);
    assert.equal(isForwarding(alias('@example.com', 'bob@example.com')), false);
    assert.equal(isForwarding(alias('bob@example.com', 'bob@example.com', 'alice@example.com')), true);
  });
});
