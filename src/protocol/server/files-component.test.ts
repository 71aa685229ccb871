import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { becomeOrdinary, becomeRoot, placeTree } from '../files/files-fixture.ts';
import { filesComponent, type FilesComponentOptions, placesOf } from './files-component.ts';
import { surveyPlaces } from './survey-places.ts';

const makeServer = (context: TestContext): string => {
  const root = mkdtempSync(join(tmpdir(), 'mailkeep-server-'));
  chmodSync(root, 0o755);
  context.after(() => {
    becomeRoot();
    rmSync(root, { recursive: true });
  });
  placeTree(root, {
    data: {
      mail: { vmail: { alice: { cur: { '1:2,S': 'message' }, new: {}, tmp: { rubbish: 'x' } }, 'a.tmp': 'x' } },
    },
    config: { dovecot: { 'dovecot.conf': 'conf' } },
    '.env': 'SECRET=1',
  });
  return root;
};

const options = (root: string, more: Partial<FilesComponentOptions> = {}): FilesComponentOptions => ({
  name: 'mail',
  form: 'tree',
  places: placesOf({ folders: { vmail: 'data/mail/vmail', conf: join(root, 'config') }, files: ['.env'] }, root),
  exclude: ['*.tmp'],
  takesOver: false,
  rescan: false,
  ...more,
});

const pathsOf = async (own: FilesComponentOptions): Promise<readonly string[]> => {
  const run = createTestRun();
  const source = await filesComponent(own).open(run);
  return (await recordCapture(source, undefined, run)).paths();
};

describe('folders and files as a component', () => {
  test('TC-03: they lie under the names that the configuration gives them, mail without what the mail server makes anew', async (context) => {
    const root = makeServer(context);
    assert.deepEqual(await pathsOf(options(root)), [
      '.env',
      'conf',
      'conf/dovecot',
      'conf/dovecot/dovecot.conf',
      'vmail',
      'vmail/alice',
      'vmail/alice/cur',
      'vmail/alice/cur/1:2,S',
      'vmail/alice/new',
      'vmail/alice/tmp',
    ]);
    assert.ok((await pathsOf(options(root, { form: 'archive' }))).includes('vmail/alice/tmp/rubbish'));
  });

  test('a folder that is a link is what it leads to', async (context) => {
    const root = makeServer(context);
    symlinkSync('data/mail/vmail', join(root, 'link'));
    const places = new Map([['vmail', join(root, 'link')]]);
    assert.ok((await pathsOf(options(root, { places }))).includes('vmail/alice/cur/1:2,S'));
  });

  test('one that is not there is a failed read, and no deletion', async (context) => {
    const root = makeServer(context);
    const places = new Map([
      ['vmail', join(root, 'data/mail/vmail')],
      ['sieve', join(root, 'data/mail/sieve')],
    ]);
    const run = createTestRun();
    const source = await filesComponent(options(root, { places })).open(run);
    const child = (await recordCapture(source, undefined, run)).child('sieve');
    assert.equal(child?.kind === 'carried' ? child.fault.code : child?.kind, 'source-missing');
  });
});

describe('the look before a backup', () => {
  test('TC-01: it tells how much there is', async (context) => {
    const root = makeServer(context);
    const survey = await surveyPlaces([join(root, 'data'), join(root, '.env')], createTestRun());
    assert.deepEqual(survey, { files: 4, bytes: 17, faults: [], unreadable: 0 });
  });

  test('TC-02: what this user cannot read is named, and so is what is not there', async (context) => {
    const root = makeServer(context);
    mkdirSync(join(root, 'closed'));
    writeFileSync(join(root, 'closed', 'key'), '');
    chmodSync(join(root, 'closed'), 0o700);
    chmodSync(join(root, '.env'), 0o600);
    becomeOrdinary();
    const survey = await surveyPlaces([root, join(root, '.env'), join(root, 'none')], createTestRun());
    becomeRoot();
    const told = survey.faults.map(({ code, message }) => `${code}: ${message.replace(root, '')}`);
    assert.deepEqual(told.toSorted(), [
      'entry-unreadable: cannot list /closed: permission denied',
      'entry-unreadable: cannot read /.env: permission denied',
      'entry-unreadable: cannot read /.env: permission denied',
      'source-missing: cannot read /none: it is not there',
    ]);
    assert.equal(survey.unreadable, 4);
  });
});
