import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Announcement } from '../contract/notification.ts';
import { asFault, type Fault } from '../model/fault.ts';
import { writeDurably } from '../system/durable-file.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';

/** A message that is not sent yet. */
export interface WaitingMessage {
  readonly file: string;
  /** By its name in the configuration. */
  readonly notification: string;
  readonly announcement: Announcement;
}

/** Messages that wait for the next run, as files 0600 in a folder 0700. */
export interface Outbox {
  /** The same run's message to the same notification is kept once. */
  keep(notification: string, announcement: Announcement): Promise<WaitingMessage>;
  /**
   * Oldest first. What is older than a week is nobody's news any more, and goes. What cannot be read is told, and passed over: it
   * must not silence the others.
   */
  waiting(now: number, tell: (fault: Fault) => void): Promise<readonly WaitingMessage[]>;
  remove(message: WaitingMessage): Promise<void>;
}

/** Milliseconds. */
const keptFor = 7 * 86_400_000;
/** A service that has gone for good must not fill the disk. */
const keptAtMost = 50;

const announcement = z.object({
  id: z.string(),
  verdict: z.enum(['good', 'attention', 'failed']),
  time: z.number(),
  machine: z.string(),
  subject: z.string(),
  headline: z.string(),
  text: z.string(),
  html: z.string(),
  report: z.unknown(),
});

const waitingFile = z.object({ version: z.literal(1), notification: z.string(), announcement });

const nameOf = (notification: string, { id, time }: Announcement): string => {
  const digest = createHash('sha256').update(notification).digest('hex').slice(0, 16);
  return `${String(time).padStart(15, '0')}-${id}-${digest}.json`;
};

/** A file of ours; undefined for what is damaged, or of a newer version. */
const parsed = (file: string, text: string): WaitingMessage | undefined => {
  try {
    const result = waitingFile.safeParse(JSON.parse(text));
    return result.success ? { file, ...result.data } : undefined;
  } catch {
    return undefined;
  }
};

export const openOutbox = (folder: string): Outbox => {
  const names = async (): Promise<readonly string[]> => {
    try {
      return (await readdir(folder)).filter((name) => /^\d{15}-.*\.json$/.test(name)).toSorted();
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return [];
      throw errnoFault(error, 'list', folder);
    }
  };
  const removeFile = (name: string): Promise<void> => rm(join(folder, name), { force: true });
  return {
    keep: async (notification, message) => {
      const text = JSON.stringify({ version: 1, notification, announcement: message });
      await writeDurably(join(folder, nameOf(notification, message)), text);
      for (const name of (await names()).slice(0, -keptAtMost)) await removeFile(name);
      return { file: join(folder, nameOf(notification, message)), notification, announcement: message };
    },
    waiting: async (now, tell) => {
      const found: WaitingMessage[] = [];
      const look = async (name: string): Promise<void> => {
        const file = join(folder, name);
        try {
          if (Number(name.slice(0, 15)) < now - keptFor) return await removeFile(name);
          const message = parsed(file, await readFile(file, 'utf8'));
          if (message !== undefined) found.push(message);
        } catch (error) {
          // One that is gone was sent by another run in the meantime.
          if (errnoCode(error) !== 'ENOENT') tell(errnoFault(error, 'read', file));
        }
      };
      try {
        for (const name of await names()) await look(name);
      } catch (error) {
        tell(asFault(error));
      }
      return found;
    },
    remove: ({ file }) => rm(file, { force: true }),
  };
};
