import { chmod, mkdir } from 'node:fs/promises';

/** Makes a folder with exactly these rights: the mask of this process, which is narrow where systemd started it, has no say. */
export const makeFolder = async (path: string, mode: number): Promise<void> => {
  await mkdir(path, { mode });
  await chmod(path, mode);
};
