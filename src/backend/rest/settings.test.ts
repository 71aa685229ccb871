import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { usualStorageSettings } from '../../contract/storage-settings.ts';
import { isFault } from '../../model/fault.ts';
import { rcloneSettings } from '../rclone/settings.ts';
import { parseListing } from './listing.ts';
import { describeRest, isRestSettings, parseRestLocation, restSettings } from './settings.ts';

const nobody = { user: undefined, password: undefined };

describe('addresses of REST servers, as restic writes them', () => {
  test('the path ends with a slash, and user and password are taken out', () => {
    const place = parseRestLocation('rest:https://alice:p%40ss@nas:8000/mail', nobody);
    assert.deepEqual(place, { url: 'https://nas:8000/mail/', socketPath: undefined, user: 'alice', password: 'p@ss' });
    assert.equal(describeRest(place), 'rest:https://alice@nas:8000/mail/');
  });

  test('the variables name user and password where the address does not', () => {
    const variables = { RESTIC_REST_USERNAME: 'bob', RESTIC_REST_PASSWORD: 'secret' };
    const settings = restSettings('rest:http://nas/', { ...usualStorageSettings, variables });
    assert.deepEqual([settings.user, settings.password], ['bob', 'secret']);
    assert.ok(!describeRest(settings).includes('secret'));
    assert.ok(isRestSettings(structuredClone(settings)));
    assert.equal(restSettings('rest:http://alice@nas/', { ...usualStorageSettings, variables }).user, 'alice');
  });

  test('a Unix socket comes with the path of the repository', () => {
    const place = parseRestLocation('rest:http+unix:///run/rest.sock:/mail/', nobody);
    assert.deepEqual([place.socketPath, place.url], ['/run/rest.sock', 'http://localhost/mail/']);
    assert.equal(parseRestLocation('rest:http+unix:///run/rest.sock', nobody).url, 'http://localhost/');
    assert.equal(describeRest(place), 'rest:http+unix:///run/rest.sock:/mail/');
  });

  test('what is no address is refused, without repeating it: it may hold a password', () => {
    for (const location of ['rest:ftp://a:secret@nas/', 'rest:nas', 'rest:', 'rest:http+unix://relative.sock:/']) {
      assert.throws(
        () => parseRestLocation(location, nobody),
        (thrown) => isFault(thrown, 'usage') && !thrown.message.includes('secret'),
      );
    }
  });
});

describe('listings of REST servers', () => {
  test('both versions of the protocol are understood', () => {
    assert.deepEqual(parseListing('[{"name":"a","size":1}]', 'nas'), [{ name: 'a', size: 1 }]);
    assert.deepEqual(parseListing('["a"]', 'nas'), [{ name: 'a', size: undefined }]);
    assert.deepEqual(parseListing('null', 'nas'), []);
  });

  test('what is no listing is backend-misbehaved', () => {
    for (const text of ['<html>', '{}', '[1]', '[{"name":"a"}]', '']) {
      assert.throws(
        () => parseListing(text, 'nas'),
        (thrown) => isFault(thrown, 'backend-misbehaved'),
      );
    }
  });
});

describe('remotes of rclone, as restic names them', () => {
  const withOptions = (options: Record<string, string>, location = 'rclone:b2:bucket/mail') =>
    rcloneSettings(location, { ...usualStorageSettings, options });

  test('rclone is started as restic starts it, unless options say otherwise', () => {
    const usual = withOptions({});
    assert.deepEqual(
      [...usual.program, ...usual.args, usual.remote].join(' '),
      'rclone serve restic --stdio --b2-hard-delete b2:bucket/mail',
    );
    assert.equal(usual.startTimeout, 60_000);
    const other = withOptions({
      'rclone.program': 'ssh nas rclone',
      'rclone.timeout': '1m30s',
      'rclone.connections': '9',
    });
    assert.deepEqual([other.program, other.startTimeout, other.connections], [['ssh', 'nas', 'rclone'], 90_000, 9]);
  });

  test('no remote, and one that would be an option of rclone, are refused', () => {
    for (const location of ['rclone:', 'rclone:folder', 'rclone:--config=x:y']) {
      assert.throws(
        () => withOptions({}, location),
        (thrown) => isFault(thrown, 'usage'),
      );
    }
    assert.throws(
      () => withOptions({ 'rclone.timeout': 'soon' }),
      (thrown) => isFault(thrown, 'usage'),
    );
  });
});
