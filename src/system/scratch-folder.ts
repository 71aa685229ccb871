import { chmod, lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from './durable-file.ts';
import { errnoCode, errnoFault } from './errno.ts';
import { fateOfProcess, isStillRunning, ownProcessStamp, type ProcessStamp, stampOfProcess } from './process-stamp.ts';

/** A container that runs for a folder. */
export interface NotedContainer {
  readonly engine: 'docker' | 'podman';
  readonly name: string;
}

/** A folder for what is thrown away. It names who made it, and which services and containers run for it. */
export interface ScratchFolder {
  readonly folder: string;
  /** Notes a service that was started, so that whoever comes after a kill can end it. */
  noteService(pid: number): Promise<void>;
  /** The same for a container, before it is started. */
  noteContainer(container: NotedContainer): Promise<void>;
  /** Takes away all of it. */
  remove(): Promise<void>;
}

const noteName = 'owner.json';

const stampFormat = z.object({
  pid: z.number(),
  start: z.string(),
  boot: z.string(),
  namespace: z.string(),
  machine: z.string(),
});
const containerFormat = z.object({ engine: z.enum(['docker', 'podman']), name: z.string().min(1) });
const noteFormat = z.object({
  owner: stampFormat,
  services: z.array(stampFormat),
  containers: z.array(containerFormat).default([]),
});

const removeTree = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch((error: unknown) => {
    throw errnoFault(error, 'remove', folder);
  });

/**
 * Makes one below `base`, whose name begins with `prefix`. Other users can go through it, and not list it: servers that
 * give up their rights have files in it. Faults as `errnoFault`.
 */
export const makeScratchFolder = async (base: string, prefix: string): Promise<ScratchFolder> => {
  const folder = await mkdtemp(join(base, prefix)).catch((error: unknown) => {
    throw errnoFault(error, 'make a folder in', base);
  });
  const owner = ownProcessStamp();
  const services: ProcessStamp[] = [];
  const containers: NotedContainer[] = [];
  const write = async (): Promise<void> => {
    if (owner !== undefined)
      await writeDurably(join(folder, noteName), JSON.stringify({ owner, services, containers }));
  };
  await write();
  await chmod(folder, 0o711);
  return {
    folder,
    noteService: async (pid) => {
      const stamp = stampOfProcess(pid);
      if (stamp !== undefined) services.push(stamp);
      await write();
    },
    noteContainer: async (container) => {
      containers.push(container);
      await write();
    },
    remove: () => removeTree(folder),
  };
};

/** Ends a container, and removes it; false: that cannot be said. */
export type EndContainer = (container: NotedContainer) => Promise<boolean>;

/**
 * What another process, which was killed, has left below `base`: its services and containers are ended, its folders removed. A folder
 * stays where a container may still have it open. Returns how many were removed.
 */
export const clearLeftFolders = async (
  base: string,
  prefix: string,
  endContainer: EndContainer = async () => false,
): Promise<number> => {
  let cleared = 0;
  for (const name of await namesIn(base)) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(base, name);
    const look = await lstat(folder).catch(() => undefined);
    // In a folder that anybody may write to, only what is our own is believed.
    if (look === undefined || !look.isDirectory() || look.uid !== process.geteuid?.()) continue;
    const note = await readNote(join(folder, noteName));
    if (note === undefined || fateOfProcess(note.owner) !== 'over') continue;
    for (const stamp of note.services) if (isStillRunning(stamp)) await end(stamp);
    const ended = await Promise.all(note.containers.map(endContainer));
    if (ended.includes(false)) continue;
    await removeTree(folder);
    cleared++;
  }
  return cleared;
};

const namesIn = async (base: string): Promise<readonly string[]> => {
  try {
    return await readdir(base);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw errnoFault(error, 'read the folder', base);
  }
};

const readNote = async (path: string): Promise<z.output<typeof noteFormat> | undefined> => {
  try {
    return noteFormat.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
};

/** It has nothing to save: what it holds is thrown away. */
const end = async (stamp: ProcessStamp): Promise<void> => {
  process.kill(stamp.pid, 'SIGTERM');
  for (let attempt = 0; attempt < 50; attempt++) {
    if (!isStillRunning(stamp)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (isStillRunning(stamp)) process.kill(stamp.pid, 'SIGKILL');
};
