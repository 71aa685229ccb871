import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permissionsOf } from './node.ts';

test('modes are written as Go writes them', () => {
  const cases = [
    ['file', 0o644, '-rw-r--r--'],
    ['directory', 0o1777, 'dtrwxrwxrwx'],
    ['file', 0o4755, 'urwxr-xr-x'],
    ['symlink', 0o777, 'Lrwxrwxrwx'],
    ['character-device', 0o620, 'Dcrw--w----'],
    ['block-device', 0, 'D---------'],
    ['fifo', 0o600, 'prw-------'],
    ['socket', 0o2700, 'Sgrwx------'],
  ] as const;
  for (const [type, mode, text] of cases) assert.equal(permissionsOf({ type, mode }), text);
});
