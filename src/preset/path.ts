/** Takes `.`, `..` and doubled slashes out of an absolute path. */
export const normalized = (path: string): string => {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
};

/** `path` as it is where it is absolute; otherwise it begins at `folder`, or at `home` with a `~`. */
export const resolved = (folder: string, path: string, home: string): string => {
  if (path === '~' || path.startsWith('~/')) return normalized(`${home}/${path.slice(1)}`);
  return normalized(path.startsWith('/') ? path : `${folder}/${path}`);
};

export const lastName = (path: string): string => path.replace(/\/+$/, '').replace(/^.*\//, '');

export const parentOf = (path: string): string => normalized(`${path}/..`);

/** Whether it is the folder, or lies below it. */
export const liesIn = (path: string, folder: string): boolean =>
  path === folder || folder === '/' || path.startsWith(`${folder}/`);

/** As it stands in the entry of a server: relative where it lies below the root. */
export const fromRoot = (path: string, root: string): string =>
  root !== '/' && path !== root && liesIn(path, root) ? path.slice(root.length + 1) : path;
