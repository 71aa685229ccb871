import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, ended, type Person } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { runBare, startBare } from './bare-machine.ts';
import { canRunContainers, startContainerEngine } from './container-engine.ts';
import { seenInProc } from './database-dumps.ts';
import { loadImage } from './drill-images.ts';
import { isMessageLine, recordsOf } from './json-lines.ts';
import { initialise, usualOptions } from './mariadb.ts';
import { startPodmanEngine } from './podman-engine.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type Redis, startRedis } from './redis.ts';

const skip = canRunContainers ? false : 'containers are for root';
const [password, database] = ['of alice', 'secret-of-the-database-4711'];

/** Docker or Podman. */
interface Engine {
  readonly variables: Readonly<Record<string, string>>;
  ask(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const engines: Readonly<Record<'docker' | 'podman', () => Promise<Engine>>> = {
  docker: async () => {
    const { variables, docker: ask, stop } = await startContainerEngine();
    return { variables, ask, stop };
  },
  podman: async () => {
    const { variables, podman: ask, stop } = await startPodmanEngine();
    // The other one is to be looked for in vain.
    return { variables: { ...variables, DOCKER_HOST: 'unix:///nowhere.sock' }, ask, stop };
  },
};

const sieve = 'require ["fileinto"];\nif header :contains "subject" "invoice" { fileinto "Invoices"; }\n';

for (const kind of ['docker', 'podman'] as const) {
  describe(`a drill on a machine that has all programs in images of ${kind}`, { skip, timeout: 900_000 }, () => {
    let folder: string;
    let person: Person;
    let engine: Engine;
    let postgres: Postgres;
    let redis: Redis;

    const told = ({ stdout, stderr }: CommandResult): string => stdout + stderr;
    const parameters = (...more: readonly string[]): readonly string[] =>
      ['drill', 'mailserver', '--config', join(person.folder, 'mailkeep.yaml'), more].flat();
    const drill = (...more: readonly string[]): Promise<CommandResult> =>
      runBare(person, parameters(...more), engine.variables);
    const leftOver = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('mailkeep-drill-'));
    const containers = (): Promise<string> =>
      engine.ask('ps', '--all', '--filter', 'label=mailkeep.drill', '--format', '{{.Names}}');
    const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
      for (let attempt = 0; attempt < 600; attempt++) {
        if (await isSo()) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.fail(`${what} did not come about`);
    };
    const configure = async (more = '{}'): Promise<void> => {
      const lines = [
        'version: 1',
        'servers:',
        '  mailserver:',
        '    components:',
        `      mail: {folders: {vmail: ${folder}/live/vmail}}`,
        `      mysql: {database: mariadb, in: {${kind}: live-database}, user: root, password: {file: database}}`,
        `      postgres: {database: postgres, host: ${postgres.host}, user: postgres, password: {file: database}}`,
        `      redis: {database: redis, socket: ${redis.socket}, password: {file: database}, file: ${redis.file}}`,
        `    disk: {path: ${folder}/disk, reserve: 1M}`,
        `    stop: {compose: {file: ${folder}/live/docker-compose.yml}}`,
        '    gentle: {nice: 0, cpu: 100%, io: normal}',
        '    alarms: {enabled: false}',
        `    drill: {folder: ${folder}, containers: ${more}, logins: {alice@example.com: {file: alice}}}`,
      ];
      await writeFile(join(person.folder, 'mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
    };
    const sql = (statements: string, ...more: readonly string[]): Promise<string> =>
      engine.ask('exec', 'live-database', 'mariadb', '-N', '-B', ...more, '-e', statements);
    /** As the mail server, it runs out of an image whose name says nothing of what it is. */
    const startDatabase = async (): Promise<void> => {
      const volume = `${await initialise(folder)}:/var/lib/mysql`;
      const options = [...usualOptions, '--datadir=/var/lib/mysql', '--socket=/run/mysqld/mysqld.sock'];
      const how = ['--detach', '--name', 'live-database', '--network', 'none', '--entrypoint', 'mariadbd'];
      await engine.ask('run', ...how, '--volume', volume, 'registry.example.com/own/store:7', ...options);
      await until('the database', () =>
        sql('SELECT 1').then(
          () => true,
          () => false,
        ),
      );
      const hash = (await succeed('doveadm', ['-c', '/dev/null', 'pw', '-s', 'SHA512-CRYPT', '-p', password])).trim();
      await sql(
        `CREATE DATABASE usermgmt; CREATE TABLE usermgmt.mailbox (username VARCHAR(99) PRIMARY KEY, password VARCHAR(200));
         INSERT INTO usermgmt.mailbox VALUES ('alice@example.com', '${hash}'); ALTER USER root@localhost IDENTIFIED BY '${database}'`,
      );
    };
    const deliver = async (): Promise<void> => {
      const maildir = join(folder, 'live/vmail/example.com/alice/Maildir');
      for (const below of ['cur', 'new', 'tmp']) await mkdir(join(maildir, below), { recursive: true });
      const message = 'From: x@example.net\r\nTo: alice@example.com\r\nSubject: hello\r\n\r\nhello\r\n';
      await writeFile(join(maildir, 'cur/1700000000.M1P1.mail:2,S'), message);
      await writeFile(join(folder, 'live/vmail/example.com/alice/filter.sieve'), sieve);
      await succeed('chown', ['-R', '1000:1000', join(folder, 'live')]);
    };

    before(async () => {
      folder = await mkdtemp('/var/tmp/mailkeep-test-');
      await chmod(folder, 0o711);
      [person, engine] = await Promise.all([createPerson(), engines[kind]()]);
      [postgres, redis] = await Promise.all([startPostgres(database), startRedis(database)]);
      const own = { folder, engine: engine.ask };
      await loadImage('mariadb', { ...own, as: 'registry.example.com/own/store:7' });
      await loadImage('postgres', { ...own, as: 'postgres:15' });
      await loadImage('redis', { ...own, as: 'valkey/valkey:7' });
      await loadImage('dovecot', { ...own, as: 'registry.example.com/own/imap:3' });
      // As compose leaves it.
      const [file, service] = [`project.working_dir=${folder}/live`, 'service=dovecot'];
      const labels = [file, service].flatMap((label) => ['--label', `com.docker.compose.${label}`]);
      await engine.ask('create', '--name', 'live-dovecot', ...labels, 'registry.example.com/own/imap:3');
      await writeFile(join(person.folder, 'alice'), password, { mode: 0o600 });
      await writeFile(join(person.folder, 'database'), database, { mode: 0o600 });
      await Promise.all([startDatabase(), deliver()]);
      await postgres.sql('CREATE TABLE kept (a int); INSERT INTO kept VALUES (1)');
      await redis.ask('SET', 'kept', 'x');
      await mkdir(join(folder, 'disk'));
      await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
      await configure();
      const args = ['run', 'mailserver', '--daily', '--quiet', '--config', join(person.folder, 'mailkeep.yaml')];
      const night = await person.run(args, { environment: engine.variables });
      assert.equal(night.code, 0, told(night));
    });
    after(async () => {
      await Promise.all([person.leave(), postgres.stop(), redis.stop(), engine.stop()]);
      await rm(folder, { recursive: true, force: true });
    });

    test('B12: all of it passes in containers, which are told, have no network, and are gone afterwards; no password is in a command line', async () => {
      const seen = new Set<string>();
      const networks = new Set<string>();
      const child = startBare(person, parameters('--json'), engine.variables);
      child.stdin?.end();
      let isOver = false;
      const running = ended(child).finally(() => (isOver = true));
      while (!isOver) {
        for (const text of seenInProc()) seen.add(text);
        for (const name of (await containers()).split('\n').filter((line) => line !== '')) {
          const mode = ['inspect', '--format', '{{.HostConfig.NetworkMode}} {{.HostConfig.ReadonlyRootfs}}', name];
          networks.add((await engine.ask(...mode).catch(() => '')).trim());
        }
      }
      const result = await running;
      assert.equal(result.code, 0, told(result));
      const [record] = recordsOf(result.stdout).filter(isMessageLine('drill'));
      assert.equal(record?.['verdict'], 'passed', told(result));
      assert.deepEqual(record?.['tables'], { 'usermgmt.mailbox': 1, 'postgres.kept': 1, 'redis.db0': 1 });
      const programs = JSON.stringify(record?.['programs']);
      assert.match(programs, /\{"name":"MariaDB [\d.]+","image":"registry\.example\.com\/own\/store:7"\}/);
      assert.match(programs, /\{"name":"PostgreSQL [\d.]+","image":"(?:[\w./]+\/)?postgres:15"\}/);
      assert.match(programs, /\{"name":"Redis [\d.]+","image":"(?:[\w./]+\/)?valkey:7"\}/);
      assert.match(programs, /\{"name":"Dovecot [\d.]+","image":"registry\.example\.com\/own\/imap:3"\}/);
      for (const check of ['databases', 'logins', 'folders', 'messages', 'sieve'])
        assert.match(result.stdout, new RegExp(`"name":"${check}","outcome":"passed","looked":[1-9]`));
      assert.deepEqual(
        [...networks].filter((one) => one !== ''),
        ['none true'],
      );
      assert.ok(
        [...seen].some((text) => text.startsWith(kind) && text.includes('--network')),
        'a container was seen',
      );
      assert.ok([...seen].every((text) => !text.includes(database) && !text.includes(password)));
      assert.deepEqual(leftOver(), []);
      assert.equal(await containers(), '');
    });

    test('B12: what a drill that was killed has left is gone after the next, with its containers', async () => {
      const child = startBare(person, parameters(), engine.variables);
      await until('a container', async () => (await containers()) !== '');
      child.kill('SIGKILL');
      assert.equal(leftOver().length, 1);
      const result = await drill();
      assert.equal(result.code, 0, told(result));
      assert.match(told(result), /1 drill that did not come to an end/);
      assert.match(
        result.stdout,
        /started for it: .*MariaDB [\d.]+ in a container of registry\.example\.com\/own\/store:7/,
      );
      assert.deepEqual(leftOver(), []);
      assert.equal(await containers(), '');
    });

    test('B12: an image that is not there, one without the program, and containers that are not wanted are told with what would do', async () => {
      const empty = join(folder, 'empty');
      await mkdir(join(empty, 'etc'), { recursive: true });
      await succeed('tar', ['-cf', `${empty}.tar`, '-C', empty, 'etc']);
      await engine.ask('import', `${empty}.tar`, 'own/empty:1');
      await configure("{images: {redis: 'redis:99', postgres: 'valkey/valkey:7', mariadb: 'own/empty:1'}}");
      const first = await drill();
      assert.equal(first.code, 1, told(first));
      assert.match(first.stdout, new RegExp(`Redis \\(apt install redis-server; ${kind} pull redis:99\\)`));
      assert.match(first.stdout, new RegExp(`PostgreSQL \\(apt install postgresql; ${kind} pull valkey/valkey:7\\)`));
      assert.match(
        first.stdout,
        /the dump mysql could not be loaded: the container of own\/empty:1 of the drill has ended: /,
      );
      await configure('{use: never}');
      const never = await drill();
      assert.equal(never.code, 1, told(never));
      assert.match(never.stdout, /not installed here: MariaDB \(mariadb-server\)/);
      assert.match(never.stdout, /not installed here: Dovecot \(dovecot-imapd\)/);
      // A daemon that is not there is no engine.
      await configure('{engine: docker}');
      const nowhere = { ...engine.variables, DOCKER_HOST: 'unix:///nowhere.sock' };
      const none = await runBare(person, parameters(), nowhere);
      assert.equal(none.code, 1, told(none));
      assert.match(none.stdout, /not installed here: Redis \(redis-server\)/);
      await configure();
      assert.equal(await containers(), '');
    });

    test('B12: Ctrl-C leaves no container', async () => {
      const child = startBare(person, parameters(), engine.variables);
      child.stdin?.end();
      const stopped = ended(child);
      await until('a container', async () => (await containers()) !== '');
      child.kill('SIGINT');
      assert.equal((await stopped).code, 130);
      assert.deepEqual(leftOver(), []);
      assert.equal(await containers(), '');
    });
  });
}
