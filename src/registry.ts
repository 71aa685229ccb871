import type { Backend } from './contract/backend.ts';
import { Fault } from './model/fault.ts';
import { sleep } from './system/clock.ts';

/*
 * The one place that knows every implementation. Each is imported when it is asked for, so that a command pays only for
 * what it uses.
 */

/** restic's schemes of places for a repository; without one of these a location is a local folder. */
const schemes = ['s3', 'sftp', 'rest', 'rclone', 'b2', 'azure', 'gs', 'swift'] as const;

/** Opens the storage that a location names, in restic's notation: a path, or `scheme:…`. Nothing is created. */
export const openBackend = async (location: string): Promise<Backend> => {
  const scheme = schemes.find((known) => location.startsWith(`${known}:`));
  if (scheme !== undefined) {
    throw new Fault('unsupported', `repositories at ${scheme}: cannot be opened by this version`, {
      hint: 'Give the path of a local folder; the other kinds of storage come with a later version.',
    });
  }
  const path = location.startsWith('local:') ? location.slice('local:'.length) : location;
  if (path === '')
    throw new Fault('usage', 'the location of the repository is empty', { hint: 'Give --repo a folder.' });
  const [{ openLocalBackend }, { withRetry }] = await Promise.all([
    import('./backend/local.ts'),
    import('./backend/with-retry.ts'),
  ]);
  // A local path may be a mounted network drive, whose handles go stale and whose server has moments of silence.
  return withRetry(openLocalBackend(path), { random: Math.random, sleep });
};
