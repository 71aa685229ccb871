import { randomInt } from 'node:crypto';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoFault } from './errno.ts';
import type { ServiceIdentity } from './started-service.ts';

/** The user that has no rights (on Linux, the kernel's own overflow user). */
const nobody = 65_534;
/** Numbers that systemd gives to services for the time that they run; no group of people has one. */
const [firstGroup, lastGroup] = [61_184, 65_519];

export interface ServiceFolder {
  /** A folder that is the service's own. */
  readonly data: string;
  /** Undefined: the service runs as we do. */
  readonly identity: ServiceIdentity | undefined;
}

/**
 * Prepares the folder of a service that may not run as the superuser. It then runs as nobody: what it is made to do by a dump, or by a page,, it can do to nothing of the
 * live system. Nobody else gets at it, not even what else runs as nobody: the folder is passable for a group alone that has no other
 * member.
 */
export const prepareServiceFolder = async ({
  folder,
  isRoot,
}: {
  /** Absolute, ours. */
  readonly folder: string;
  readonly isRoot: boolean;
}): Promise<ServiceFolder> => {
  const data = join(folder, 'data');
  const identity = isRoot ? { uid: nobody, gid: randomInt(firstGroup, lastGroup) } : undefined;
  try {
    await mkdir(data, { mode: 0o700 });
    if (identity !== undefined) {
      await chown(folder, 0, identity.gid);
      await chmod(folder, 0o710);
      await chown(data, identity.uid, identity.gid);
    }
  } catch (error) {
    throw errnoFault(error, 'prepare', folder);
  }
  return { data, identity };
};
