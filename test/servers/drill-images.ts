import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageContent, makeImage } from './container-image.ts';

/** Images as servers have them, each of one program, made of those of this machine. */
export type DrillImage = 'mariadb';

const shell = ['sh', 'mktemp', 'rm', 'cat', 'sleep'];
const nobody = 'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin';

const contents: Readonly<Record<DrillImage, ImageContent>> = {
  mariadb: {
    programs: [
      shell,
      ['mariadbd', 'mariadb', 'my_print_defaults', 'resolveip'],
      ['sed', 'grep', 'hostname', 'dirname', 'basename', 'mkdir', 'chmod', 'chown', 'ls', 'uname'],
    ].flat(),
    scripts: ['mariadb-install-db'],
    data: ['/bin/sh', '/usr/share/mysql', '/etc/ld.so.cache'],
    users: [nobody],
  },
};

/** What stands for the image's own scripts: it must not be run. */
const changes = ['--change', 'ENTRYPOINT ["/entrypoint-of-the-image"]'];

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
