import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PresetFinding } from '../finding.ts';
import { makeMachine, type MadeMachine, psLine } from '../machine-fixture.ts';
import { readComposeProject } from './compose-project.ts';
import { askEngine, placeOfService } from './containers.ts';
import { environmentFile } from './environment-file.ts';
import { interpolated } from './interpolate.ts';
import { folderOfMount } from './volumes.ts';

const variables = new Map([
  ['SET', 'value'],
  ['EMPTY', ''],
  ['OTHER', 'other'],
]);

describe('B15: variables of a compose file', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['$SET/${SET}', 'value/value', []],
    ['${NONE}', '', ['NONE']],
    ['$NONE.x', '.x', ['NONE']],
    ['${NONE:-default}', 'default', []],
    ['${EMPTY:-default}|${EMPTY-default}', 'default|', []],
    ['${NONE:-${OTHER:-x}}', 'other', []],
    ['${NONE:-${NEITHER}}', '', ['NEITHER']],
    ['${SET:+then}|${NONE:+then}|${EMPTY+then}', 'then||then', []],
    ['${NONE:?must be set}', '', ['NONE']],
    ['$$SET costs $5 and ${', '$SET costs $5 and ${', []],
    ['${NONE:-a}b}', 'ab}', []],
  ];
  for (const [text, filled, missing] of cases) {
    test(`${text} is filled in as Compose does it`, () => {
      assert.deepEqual(interpolated(text, variables), { text: filled, missing });
    });
  }

  test('an environment file has quotes, comments, exports, and the last of a name counts', () => {
    const text = [
      '# COMMENT=1',
      'PLAIN=a b # comment',
      'HASH=a#b',
      "SINGLE='$PLAIN # no'",
      'DOUBLE="x\\n${PLAIN}"',
      'export E=1\r',
      'E=2',
      'EMPTY=',
      'no assignment',
    ].join('\n');
    assert.deepEqual(Object.fromEntries(environmentFile(text)), {
      PLAIN: 'a b',
      HASH: 'a#b',
      SINGLE: '$PLAIN # no',
      DOUBLE: 'x\na b',
      E: '2',
      EMPTY: '',
    });
  });
});

const read = async (made: MadeMachine, folder = '/opt/Mail Server') => {
  const machine = makeMachine(made);
  const findings: PresetFinding[] = [];
  const tell = (finding: PresetFinding): void => void findings.push(finding);
  const project = await readComposeProject(machine, folder, tell);
  assert.ok(project !== undefined, JSON.stringify(findings));
  return { machine, project, findings, tell };
};

const compose = `
x-common: &common
  restart: always
services:
  db:
    <<: *common
    image: mariadb:\${VERSION:-11}
    environment: ['MYSQL_ROOT_PASSWORD=\${ROOT}', TZ]
    volumes:
      - data:/var/lib/mysql/
      - ./conf:/etc/mysql/conf.d:ro
      - ~/dumps:/dumps
      - /anonymous
      - {type: bind, source: ./long, target: /long}
      - {type: tmpfs, target: /tmp}
volumes:
  data: {}
  other: {name: own-name}
  outside: {external: true}
  share: {driver_opts: {type: none, o: bind, device: /srv/share}}
  remote: {driver_opts: {type: nfs, o: 'addr=nas', device: ':/mail'}}
  plugin: {driver: rclone}
`;

describe('B15: compose files', () => {
  test('mounts are absolute, the project has the name of its folder, and merge keys count', async () => {
    const { project } = await read({
      files: { '/opt/Mail Server/compose.yaml': compose, '/opt/Mail Server/.env': 'ROOT=hidden\n' },
    });
    assert.equal(project.name, 'mailserver');
    const [service] = project.services;
    assert.equal(service?.image, 'mariadb:11');
    assert.deepEqual(service?.mounts, [
      { kind: 'volume', source: 'data', target: '/var/lib/mysql' },
      { kind: 'bind', source: '/opt/Mail Server/conf', target: '/etc/mysql/conf.d' },
      { kind: 'bind', source: '/root/dumps', target: '/dumps' },
      { kind: 'bind', source: '/opt/Mail Server/long', target: '/long' },
    ]);
    assert.deepEqual(project.environmentFiles, ['/opt/Mail Server/.env']);
  });

  test('an override goes over it: mounts by their targets, variables by their names', async () => {
    const over = `
services:
  db:
    container_name: \${COMPOSE_PROJECT_NAME}-db
    environment: {MORE: 1}
    volumes: ['/big/mysql:/var/lib/mysql', './more:/more']
    env_file: [{path: db.env, required: false}]
`;
    const { project } = await read({
      files: {
        '/opt/Mail Server/docker-compose.yml': compose,
        '/opt/Mail Server/docker-compose.override.yml': over,
        '/opt/Mail Server/db.env': 'FROM_FILE=yes\nMORE=2\n',
        '/opt/Mail Server/.env': 'ROOT=hidden\nCOMPOSE_PROJECT_NAME=Other_Name\n',
      },
    });
    const [service] = project.services;
    assert.equal(project.name, 'other_name');
    assert.equal(service?.containerName, 'Other_Name-db');
    assert.deepEqual(
      service?.mounts.filter(({ target }) => ['/var/lib/mysql', '/more'].includes(target)).map(({ source }) => source),
      ['/big/mysql', '/opt/Mail Server/more'],
    );
    assert.deepEqual(Object.fromEntries(service?.environment ?? []), {
      FROM_FILE: 'yes',
      MORE: '1',
      MYSQL_ROOT_PASSWORD: 'hidden',
    });
    assert.deepEqual(project.environmentFiles, ['/opt/Mail Server/db.env', '/opt/Mail Server/.env']);
  });

  test('COMPOSE_FILE names others; one that is missing, closed or no YAML is told, and the rest is used', async () => {
    const { project, findings } = await read(
      {
        files: {
          '/s/.env': 'COMPOSE_FILE=a.yml:b.yml:c.yml:d.yml\nROOT=x\n',
          '/s/a.yml': compose,
          '/s/b.yml': 'services: [',
          '/s/d.yml': 'x',
        },
        closed: ['/s/d.yml'],
      },
      '/s',
    );
    assert.equal(project.services.length, 1);
    assert.deepEqual(
      findings.map((finding) => [finding.code, 'path' in finding ? finding.path : '']),
      [
        ['file-strange', '/s/b.yml'],
        ['file-missing', '/s/c.yml'],
        ['file-closed', '/s/d.yml'],
      ],
    );
  });

  test('a variable without a value is told by its name', async () => {
    const { findings } = await read({ files: { '/s/compose.yml': compose } }, '/s');
    assert.deepEqual(findings, [{ code: 'variables-missing', file: '/s/compose.yml', names: ['ROOT'] }]);
  });
});

describe('B15: where volumes lie', () => {
  const files = { '/s/compose.yml': compose, '/s/.env': 'ROOT=x\n' };

  const folderOf = async (source: string, made: Partial<MadeMachine> = {}) => {
    const { machine, project, findings, tell } = await read(
      {
        files: { ...files, ...made.files },
        ...(made.says === undefined ? {} : { says: made.says }),
        ...(made.closed === undefined ? {} : { closed: made.closed }),
      },
      '/s',
    );
    const engine = await askEngine(machine);
    const mount = { kind: 'volume', source, target: '/x' } as const;
    return { folder: await folderOfMount({ machine, project, engine, tell }, mount, 'mail'), findings };
  };

  test('Docker is asked, also by the name of a project that was started under another', async () => {
    const says = {
      'docker ps': psLine('db-1', 'mariadb', 'renamed', 'db', '/s'),
      'docker volume inspect --format {{.Mountpoint}} renamed_data': '/pool/volumes/renamed_data/_data\n',
    };
    assert.deepEqual(await folderOf('data', { says }), { folder: '/pool/volumes/renamed_data/_data', findings: [] });
  });

  test('a name of its own, an external one, and a folder that is a volume are what they say', async () => {
    const says = {
      'docker ps': '\n',
      'docker volume inspect --format {{.Mountpoint}} own-name': '/v/own-name\n',
      'docker volume inspect --format {{.Mountpoint}} outside': '/v/outside\n',
    };
    assert.equal((await folderOf('other', { says })).folder, '/v/own-name');
    assert.equal((await folderOf('outside', { says })).folder, '/v/outside');
    assert.equal((await folderOf('share', { says })).folder, '/srv/share');
  });

  test('without Docker it is where the daemon keeps it: rootless, or by data-root, or as usual', async () => {
    const guessed = async (path: string, more: Readonly<Record<string, string>> = {}): Promise<void> => {
      const { folder, findings } = await folderOf('data', { files: { [`${path}/`]: '', ...more } });
      assert.equal(folder, path);
      assert.deepEqual(findings, [{ code: 'volume-guessed', volume: 'data', path }]);
    };
    await guessed('/root/.local/share/docker/volumes/s_data/_data');
    await guessed('/var/lib/docker/volumes/s_data/_data');
    await guessed('/pool/docker/volumes/s_data/_data', { '/etc/docker/daemon.json': '{"data-root": "/pool/docker"}' });
    const closed = await folderOf('data', { closed: ['/var/lib/docker'] });
    assert.equal(closed.folder, '/var/lib/docker/volumes/s_data/_data');
  });

  test('one of a foreign driver is told, and not guessed', async () => {
    assert.deepEqual(await folderOf('plugin'), {
      folder: undefined,
      findings: [{ code: 'volume-driver', volume: 's_plugin', driver: 'rclone', role: 'mail' }],
    });
    assert.deepEqual((await folderOf('remote')).findings, [
      { code: 'volume-driver', volume: 's_remote', driver: 'nfs', role: 'mail' },
    ]);
  });

  test('a service is named by its container, with Podman too, and by the compose file where neither answers', async () => {
    const placed = async (says: Readonly<Record<string, string>>) => {
      const { machine, project } = await read({ files, says }, '/s');
      const [service] = project.services;
      assert.ok(service !== undefined);
      return placeOfService(project, service, await askEngine(machine));
    };
    assert.deepEqual(await placed({ 'podman ps': psLine('s_db_1', 'mariadb', 's', 'db', '/s') }), {
      setting: { podman: 's_db_1' },
      where: 's_db_1',
      into: 'podman exec s_db_1',
    });
    assert.deepEqual(await placed({}), {
      setting: { compose: { file: '/s/compose.yml', service: 'db' } },
      where: 'db',
      into: 'docker compose -f /s/compose.yml exec -T db',
    });
  });
});
