import { realpath } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import type { Component, ComponentForm } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import { type ByteString, byteStringOfText } from '../../model/byte-string.ts';
import { compileFilter } from '../../model/filter.ts';
import { loadPosix } from '../../system/posix.ts';
import { filterOfPaths } from '../files/capture-context.ts';
import { createFilesSource } from '../files/files-source.ts';
import type { FilesComponentSetting } from './files-component-setting.ts';

/** Where what a component reads lies: absolute paths by the names at its root. */
export const placesOf = (
  { folders, files }: Pick<FilesComponentSetting, 'folders' | 'files'>,
  root: string | undefined,
): ReadonlyMap<string, string> => {
  const whole = (path: string): string => (isAbsolute(path) ? join(path) : join(root ?? '/', path));
  return new Map([
    ...Object.entries(folders).map(([name, path]) => [name, whole(path)] as const),
    ...files.map((path) => [basename(path), whole(path)] as const),
  ]);
};

export interface FilesComponentOptions {
  readonly name: string;
  readonly form: Exclude<ComponentForm, 'dump'>;
  readonly places: ReadonlyMap<string, string>;
  /** restic's patterns. */
  readonly exclude: readonly string[];
  /** Mail folders that seem unchanged may be taken over unread: the base was made by the same rules. */
  readonly takesOver: boolean;
  /** Look at every message. */
  readonly rescan: boolean;
}

/** A place may be a link to where things lie today. What is not there is told when it is captured. */
const leadsTo = async (path: string): Promise<string> => realpath(path).catch(() => path);

const dayLength = 86_400_000_000_000n;

const openFiles = async (options: FilesComponentOptions, run: Run): Promise<Source> => {
  const { form, places, exclude, takesOver, rescan } = options;
  const paths = new Map<ByteString, ByteString>();
  for (const [name, place] of places) paths.set(byteStringOfText(name), byteStringOfText(await leadsTo(place)));
  const filter = exclude.length === 0 ? undefined : filterOfPaths(compileFilter(exclude.map(byteStringOfText)));
  const maildir = { skipUnchangedFolders: takesOver, rescan, seventh: Number((run.now() / dayLength) % 7n) };
  return createFilesSource({
    paths,
    posix: await loadPosix(),
    ...(filter === undefined ? {} : { filter }),
    ...(form === 'tree' ? { maildir } : {}),
  });
};

/** Folders and files as a component of a server; folders of mail are read as such. */
export const filesComponent = (options: FilesComponentOptions): Component => ({
  name: options.name,
  form: options.form,
  filters: JSON.stringify([[...options.places], options.exclude]),
  open: (run) => openFiles(options, run),
});
