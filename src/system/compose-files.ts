import { stat } from 'node:fs/promises';
import { basename } from 'node:path';

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A compose file, and what compose itself reads beside one of a usual name, and no more once the file is named with `-f`. */
export const composeFiles = async (file: string): Promise<readonly string[]> => {
  if (!/^(?:docker-)?compose\.ya?ml$/.test(basename(file))) return [file];
  const stem = file.replace(/\.ya?ml$/, '');
  for (const over of [`${stem}.override.yml`, `${stem}.override.yaml`]) if (await isThere(over)) return [file, over];
  return [file];
};
