import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the tests keep what they downloaded: below XDG_CACHE_HOME, `~/.cache` by default. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mailkeep-tests');
}

/** Fills `name` in the cache by way of a temporary folder, so that a half-filled one is never seen. */
export async function fillCache(name: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const partial = await mkdtemp(join(cacheFolder(), '.partial-'));
  try {
    await fill(partial);
    await rm(join(cacheFolder(), name), { recursive: true, force: true });
    await rename(partial, join(cacheFolder(), name));
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
