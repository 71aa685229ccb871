import assert from 'node:assert/strict';
import { test } from 'node:test';
import { locationName } from './location-name.ts';

test('a location is told without user and password, also when the password holds an @', () => {
  assert.equal(locationName('rest:https://me:se@cr@et@nas:8000/mail@home'), 'rest:https://nas:8000/mail@home');
  assert.equal(locationName('rest:https://nas/mail@home'), 'rest:https://nas/mail@home');
  assert.equal(locationName('/backup/me@home'), '/backup/me@home');
});

test('of a remote of rclone that is described in place its name alone is told', () => {
  assert.equal(locationName('rclone:drive,token="a:b,c":mail'), 'rclone:drive');
  assert.equal(locationName('rclone::sftp,host=nas,pass=secret:mail'), 'rclone::sftp');
  assert.equal(locationName('rclone:drive:mail,old'), 'rclone:drive:mail,old');
});
