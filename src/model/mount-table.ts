/** A mounted file system, as /proc/self/mountinfo has it (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly mountPoint: string;
  /** Which folder of the file system lies there. */
  readonly root: string;
  /** `8:1`; of btrfs and others it is of no block device. */
  readonly device: string;
  /** `ext4`, `btrfs`, `nfs4` … */
  readonly type: string;
  /** `/dev/sda1`, `nas:/export`, `none` … */
  readonly source: string;
  readonly isReadOnly: boolean;
}

/** Blanks and the like are written as octal numbers. */
const unescaped = (word: string): string =>
  word.replace(/\\([0-7]{3})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

const mountIn = (line: string): readonly Mount[] => {
  const [own = '', other = ''] = line.split(' - ', 2);
  const [, , device, root, mountPoint, options] = own.split(' ');
  const [type, source, superOptions = ''] = other.split(' ');
  if (device === undefined || root === undefined || mountPoint === undefined || options === undefined) return [];
  if (type === undefined || source === undefined) return [];
  const isReadOnly = [options, superOptions].some((list) => list.split(',').includes('ro'));
  return [
    { mountPoint: unescaped(mountPoint), root: unescaped(root), device, type, source: unescaped(source), isReadOnly },
  ];
};

/** The table in the order in which things were mounted. */
export const parseMounts = (text: string): readonly Mount[] => text.split('\n').flatMap(mountIn);

const liesIn = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

/** What is mounted where an absolute path without links lies; of two on the same folder the later hides the earlier. */
export const mountOf = (path: string, mounts: readonly Mount[]): Mount | undefined => {
  let found: Mount | undefined;
  for (const mount of mounts) {
    if (!liesIn(path, mount.mountPoint)) continue;
    if (found === undefined || mount.mountPoint.length >= found.mountPoint.length) found = mount;
  }
  return found;
};

const below = (folder: string, path: string): string => (folder === '/' ? path : path.slice(folder.length));

/**
 * Where the disk that a path lies on is mounted: a service has parts of it mounted once more over themselves, so that it may write
 * there. What may be written is said by the mount that is nearest.
 */
export const diskOf = (path: string, mounts: readonly Mount[]): Mount | undefined => {
  const nearest = mountOf(path, mounts);
  if (nearest === undefined) return undefined;
  const whole = mounts.find(
    (mount) =>
      mount.device === nearest.device &&
      mount.mountPoint !== '/' &&
      liesIn(nearest.mountPoint, mount.mountPoint) &&
      `${mount.root === '/' ? '' : mount.root}${below(mount.mountPoint, nearest.mountPoint)}` === nearest.root,
  );
  return { ...nearest, mountPoint: whole?.mountPoint ?? nearest.mountPoint };
};
