import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageContent, makeImage } from './container-image.ts';

/** Images as servers have them, each of one program, made of those of this machine. */
export type DrillImage = 'mariadb' | 'postgres' | 'redis' | 'dovecot';

const shell = ['sh', 'mktemp', 'rm', 'cat', 'sleep'];
const nobody = 'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin';

const postgres = '/usr/lib/postgresql/15';

const contents: Readonly<Record<DrillImage, ImageContent>> = {
  mariadb: {
    programs: [
      shell,
      ['mariadbd', 'mariadb', 'mariadb-dump', 'kill', 'my_print_defaults', 'resolveip'],
      ['sed', 'grep', 'hostname', 'dirname', 'basename', 'mkdir', 'chmod', 'chown', 'ls', 'uname'],
    ].flat(),
    scripts: ['mariadb-install-db'],
    data: ['/bin/sh', '/usr/share/mysql', '/etc/ld.so.cache'],
    users: [nobody],
  },
  postgres: {
    programs: [...shell, ...['initdb', 'postgres', 'psql'].map((name) => `${postgres}/bin/${name}`)],
    data: ['/bin/sh', `${postgres}/lib`, '/usr/share/postgresql/15', '/usr/share/zoneinfo/UTC', '/etc/ld.so.cache'],
    users: [nobody],
  },
  redis: {
    programs: [...shell, 'redis-check-rdb', 'redis-cli'],
    named: { 'redis-server': '/usr/bin/redis-check-rdb' },
    data: ['/bin/sh', '/etc/ld.so.cache'],
    users: [nobody],
  },
  dovecot: {
    programs: [...shell, 'dovecot', 'doveconf', 'doveadm', 'sievec'],
    linked: '/usr/lib/dovecot',
    data: ['/bin/sh', '/etc/ld.so.cache'],
    users: [nobody, 'dovecot:x:901:901::/:/bin/false', 'dovenull:x:902:902::/:/bin/false'],
  },
};

/** What stands for the image's own scripts: it must not be run. */
const changes = [
  ['--change', 'ENTRYPOINT ["/entrypoint-of-the-image"]'],
  ['--change', `ENV PATH=${postgres}/bin:/opt/bin:/usr/sbin:/usr/bin`],
].flat();

/** Loads an image into an engine, by its own `import`. */
export const loadImage = async (
  image: DrillImage,
  {
    folder,
    as,
    engine,
  }: { readonly folder: string; readonly as: string; readonly engine: (...args: readonly string[]) => Promise<string> },
): Promise<void> => {
  const place = join(folder, image);
  await mkdir(place);
  await engine('import', ...changes, await makeImage(place, contents[image]), as);
};
