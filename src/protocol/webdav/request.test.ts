import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { byteStringOfBytes, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { admit, isForeignOrigin, isOwnHost } from './access.ts';
import { parseRange } from './byte-range.ts';
import { parsePropertyRequest } from './property-request.ts';
import { decodeTarget, encodePath } from './request-path.ts';

describe('paths of requests', () => {
  test('names of any bytes come back as they were', () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 300 })
      .map(byteStringOfBytes)
      .filter((bytes) => bytes !== '.' && bytes !== '..' && !bytes.includes('/') && !bytes.includes('\0'));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), fc.boolean(), (path, isFolder) => {
        assert.deepEqual(decodeTarget(encodePath('', path, isFolder)), path);
      }),
    );
  });

  test('no way leads up, no encoded slash separates, and malformed encoding is nothing', () => {
    const none = [
      '/..',
      '/a/../b',
      '/%2e%2e/x',
      '/%2E./x',
      '/.',
      '/a%2fb',
      '/a%00',
      '/%',
      '/%zz',
      '/a%4',
      'a',
      '*',
      '/é\u0100',
    ];
    for (const target of none) assert.equal(decodeTarget(target), undefined, target);
    assert.deepEqual(decodeTarget('/%252e%252e'), ['%2e%2e']);
    assert.deepEqual(decodeTarget('http://127.0.0.1:1/a//b/?x=../..'), ['a', 'b']);
    assert.deepEqual(decodeTarget('http://127.0.0.1:1'), []);
    assert.deepEqual(decodeTarget('/%ff%0A'), ['\xff\n']);
  });
});

describe('ranges', () => {
  test('a range is what is left of it within the file', () => {
    assert.deepEqual(parseRange('bytes=0-0', 10), { start: 0, end: 1 });
    assert.deepEqual(parseRange('bytes=5-', 10), { start: 5, end: 10 });
    assert.deepEqual(parseRange('bytes=5-99', 10), { start: 5, end: 10 });
    assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 10 });
    assert.deepEqual(parseRange('bytes=-30', 10), { start: 0, end: 10 });
    for (const whole of [undefined, 'bytes=5-4', 'bytes=-', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=a-b'])
      assert.equal(parseRange(whole, 10), 'whole', whole);
    for (const none of ['bytes=10-', 'bytes=10-12', 'bytes=-0']) assert.equal(parseRange(none, 10), 'unsatisfiable');
    assert.equal(parseRange('bytes=-1', 0), 'unsatisfiable');
  });
});

describe('who may ask', () => {
  const rules = { token: 'abcdef', host: 'files.example' };
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const path = ['abcdef', 'x'].map(byteStringOfLatin1);

  test('the token opens, as the first name of the path or as a password', () => {
    assert.deepEqual(admit(path, undefined, rules), { prefix: '/abcdef', path: ['x'] });
    assert.deepEqual(admit(path.slice(1), basic('anybody:abcdef'), rules), { prefix: '', path: ['x'] });
    for (const wrong of [undefined, basic('abcdef'), basic('abcdef:'), basic(':abcdeg'), 'Bearer abcdef'])
      assert.equal(admit(path.slice(1), wrong, rules), undefined);
    assert.equal(admit([byteStringOfLatin1('abcde')], undefined, rules), undefined);
    assert.equal(admit([], undefined, rules), undefined);
  });

  test('addresses and our own name are hosts, a foreign name that points here is none', () => {
    for (const own of ['127.0.0.1:80', '[::1]:8080', 'localhost:1', '192.0.2.1', 'Files.Example:9', 'LOCALHOST'])
      assert.ok(isOwnHost(own, rules), own);
    for (const foreign of [
      undefined,
      '',
      'evil.example:80',
      '127.0.0.1.evil.example',
      'localhost.evil',
      'a@127.0.0.1',
      '1:2:3',
    ])
      assert.ok(!isOwnHost(foreign, rules), foreign);
    assert.ok(isForeignOrigin('http://evil.example', '127.0.0.1:1') && isForeignOrigin('null', '127.0.0.1:1'));
    assert.ok(!isForeignOrigin(undefined, '127.0.0.1:1') && !isForeignOrigin('http://127.0.0.1:1', '127.0.0.1:1'));
  });
});

describe('the body of a PROPFIND', () => {
  test('properties are named with their namespaces', () => {
    assert.deepEqual(parsePropertyRequest(''), { kind: 'all' });
    assert.deepEqual(parsePropertyRequest('<propfind xmlns="DAV:"><allprop/></propfind>'), { kind: 'all' });
    assert.deepEqual(parsePropertyRequest('<a:propfind xmlns:a="DAV:"><a:propname/></a:propfind>'), { kind: 'names' });
    const some = `<?xml version="1.0"?><!-- x --><D:propfind xmlns:D='DAV:'><D:prop><D:getetag/><x xmlns="urn:o">1</x><y/></D:prop></D:propfind>`;
    assert.deepEqual(parsePropertyRequest(some), {
      kind: 'some',
      properties: [
        { namespace: 'DAV:', name: 'getetag' },
        { namespace: 'urn:o', name: 'x' },
        { namespace: '', name: 'y' },
      ],
    });
  });

  test('what is no such request, and every document type, is refused', () => {
    for (const body of [
      'text',
      '<propfind/>',
      '<propfind xmlns="DAV:"/>',
      '<propfind xmlns="DAV:"><allprop/>',
      '<propfind xmlns="DAV:"><allprop></propfind></allprop>',
      '<b:propfind><b:allprop/></b:propfind>',
      '<!DOCTYPE x [<!ENTITY e "e">]><propfind xmlns="DAV:"><allprop/></propfind>',
      `<propfind xmlns="DAV:"><prop>${'<a>'.repeat(40)}${'</a>'.repeat(40)}</prop></propfind>`,
    ])
      assert.equal(parsePropertyRequest(body), undefined, body);
  });

  test('no text makes it fail', () => {
    const part = fc.constantFrom(
      '<',
      '>',
      '/',
      'D:prop',
      ' xmlns:D="DAV:"',
      '<D:propfind',
      '<!--',
      '-->',
      '"',
      'x',
      '<![CDATA[',
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        parsePropertyRequest(parts.join(''));
      }),
    );
  });
});
