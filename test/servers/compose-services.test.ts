import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ended } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { composePlugin } from '../requirement/compose-plugin.ts';
import { type ComposeServer, startComposeServer } from './compose-server.ts';
import { canRunContainers } from './container-engine.ts';

describe(
  'services of a compose file around a restore',
  {
    skip: canRunContainers ? false : 'containers are for root',
  },
  () => {
    let server: ComposeServer;
    /** What there was before. */
    let known = 0;
    const newEvents = async (count: number): Promise<readonly string[]> => {
      await server.until(`${count} events`, async () => (await server.events()).length >= known + count);
      const all = await server.events();
      const fresh = all.slice(known);
      known = all.length;
      return fresh;
    };
    const inbox = (): string => join(server.root, 'mail/inbox');
    const running = async (): Promise<readonly string[]> =>
      (await server.compose('ps', '--services', '--filter', 'status=running')).split('\n').filter(Boolean).toSorted();
    const startOfDatabase = (): Promise<string> =>
      server.engine.docker('inspect', '--format', '{{.State.StartedAt}}', 'mailserver-mariadb');

    before(async () => {
      server = await startComposeServer(await composePlugin());
      assert.deepEqual(await newEvents(1), ['start whole']);
      const night = await server.mailkeep('run', 'mailserver', '--daily');
      assert.equal(night.code, 0, night.stdout + night.stderr);
    });
    after(() => server.stop());
    beforeEach(() => writeFile(inbox(), 'damaged\n'));

    const restore = ['restore', '--from', 'latest', '--overwrite', 'always', '--yes', '--component'];

    for (const generation of ['docker compose', 'docker-compose']) {
      test(`B11: ${generation} stops what reads the mail before it is put back, starts it afterwards, and leaves the database up`, async () => {
        const environment =
          generation === 'docker compose' ? server.variables : { ...server.variables, DOCKER_CONFIG: server.folder };
        const began = await startOfDatabase();
        await server.sql('DELETE FROM mailbox', 'usermgmt');
        const back = await server.person.run(
          [...restore, 'mail,mysql', '--config', `${server.person.folder}/mailkeep.yaml`],
          {
            environment,
          },
        );
        assert.equal(back.code, 0, back.stdout + back.stderr);
        assert.deepEqual(await newEvents(2), ['stop damaged', 'start whole']);
        assert.equal(await server.sql('SELECT username FROM mailbox', 'usermgmt'), 'alice@example.com\n');
        assert.equal(await startOfDatabase(), began);
      });
    }

    test('B11: a service runs again also when what was to be restored could not be written', async () => {
      const folder = join(server.root, 'mail');
      await succeed('mount', ['--bind', '-o', 'ro', folder, folder]);
      try {
        const back = await server.mailkeep(...restore, 'mail');
        assert.equal(back.code, 1, back.stdout + back.stderr);
      } finally {
        await succeed('umount', [folder]);
      }
      assert.deepEqual(await newEvents(2), ['stop damaged', 'start damaged']);
      assert.deepEqual(await running(), ['database', 'mail']);
    });

    test('B11: interrupted while a service takes its time to stop, nothing is restored and it runs again', async () => {
      const hold = join(server.folder, 'events/hold');
      await writeFile(hold, '');
      const child = server.person.start([...restore, 'mail', '--config', join(server.person.folder, 'mailkeep.yaml')], {
        environment: server.variables,
      });
      const done = ended(child);
      assert.deepEqual(await newEvents(1), ['stop damaged']);
      child.kill('SIGINT');
      await rm(hold);
      const { code, stdout, stderr } = await done;
      assert.equal(code, 130, stdout + stderr);
      assert.deepEqual(await newEvents(1), ['start damaged']);
      assert.deepEqual(await running(), ['database', 'mail']);
      assert.equal(readFileSync(inbox(), 'utf8'), 'damaged\n');
    });

    test('B11: what runs is stopped also when its compose file is gone, and started from the one that comes back', async () => {
      await rm(server.composeFile);
      const back = await server.mailkeep(...restore, 'mail,config');
      assert.equal(back.code, 0, back.stdout + back.stderr);
      assert.deepEqual(await newEvents(2), ['stop damaged', 'start whole']);
      assert.deepEqual(await running(), ['database', 'mail']);
    });

    test('B11: a database that is down and of which the compose file tells nothing is not waited for, and the rest comes back', async () => {
      const text = readFileSync(server.composeFile, 'utf8');
      const withoutDatabase = text.replace(/"database":\{.*?\},"mail"/, '"mail"');
      assert.notEqual(withoutDatabase, text);
      await writeFile(server.composeFile, withoutDatabase);
      await server.engine.docker('stop', 'mailserver-mariadb');
      try {
        const started = performance.now();
        const back = await server.mailkeep(...restore, 'mail,mysql');
        assert.equal(back.code, 1, back.stdout + back.stderr);
        assert.ok(performance.now() - started < 60_000, 'it does not wait for what cannot come');
        assert.match(
          back.stdout + back.stderr,
          /mysql: .*; and among the compose services of \S+ there is none that it could be in[^]*Start the database yourself/,
        );
        assert.deepEqual(await newEvents(2), ['stop damaged', 'start whole']);
      } finally {
        await writeFile(server.composeFile, text);
        await server.engine.docker('start', 'mailserver-mariadb');
      }
    });

    test('B11: where nothing runs and nothing is there, all of it comes back, the database is started and loaded, then the rest', async () => {
      await server.compose('down');
      assert.deepEqual(await newEvents(1), ['stop damaged']);
      await rm(server.root, { recursive: true });
      const back = await server.mailkeep(
        'restore',
        '--from',
        join(server.folder, 'disk/latest'),
        '--component',
        'all',
        '--yes',
      );
      assert.equal(back.code, 0, back.stdout + back.stderr);
      assert.deepEqual(await newEvents(1), ['start whole']);
      assert.deepEqual(await running(), ['database', 'mail']);
      assert.equal(existsSync(server.composeFile), true);
      assert.equal(await server.sql('SELECT username FROM mailbox', 'usermgmt'), 'alice@example.com\n');
    });
  },
);
