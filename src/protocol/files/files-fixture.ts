import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceFixture, SuiteLink, SuiteTree } from '../../contract/source.suite.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { loadPosix } from '../../system/posix.ts';
import { createFilesSource, type FilesSourceOptions } from './files-source.ts';

/** For tests: a temporary directory, and a source that looks at it. */
export const makeFilesFixture = async (options: Partial<FilesSourceOptions> = {}): Promise<SourceFixture> => {
  const posix = await loadPosix();
  const directory = mkdtempSync(join(tmpdir(), 'mailkeep-files-'));
  // The permission cases are seen by a user who is not root.
  chmodSync(directory, 0o755);
  return {
    prefix: directory.slice(1),
    place: async (tree) => placeTree(directory, tree),
    open: () => createFilesSource({ posix, ...options, paths: [byteStringOfText(directory)] }),
    makeUnreadable: async (path) => {
      chmodSync(join(directory, path), 0o000);
      becomeOrdinary();
    },
    remove: async (path) => rmSync(join(directory, path)),
    close: async () => {
      becomeRoot();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

const nobody = 65_534;
let wasRoot = false;

/** To root every file is readable: the permission cases are tried as nobody. */
export const becomeOrdinary = (): void => {
  if (process.geteuid?.() !== 0) return;
  wasRoot = true;
  process.setegid?.(nobody);
  process.seteuid?.(nobody);
};

export const becomeRoot = (): void => {
  if (!wasRoot) return;
  process.seteuid?.(0);
  process.setegid?.(0);
  wasRoot = false;
};

const isLink = (node: SuiteTree | SuiteLink): node is SuiteLink => typeof node['linkTo'] === 'string';

/** Brings a tree about; what is equal already is not touched, so that its times stay. */
export const placeTree = (directory: string, tree: SuiteTree): void => {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) {
    if (!Object.hasOwn(tree, name)) rmSync(join(directory, name), { recursive: true });
  }
  for (const [name, node] of Object.entries(tree)) placeNode(join(directory, name), node);
};

const placeNode = (path: string, node: SuiteTree[string]): void => {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (typeof node === 'string') {
    if (stats !== undefined && !stats.isFile()) rmSync(path, { recursive: true });
    if (!existsSync(path) || readFileSync(path, 'utf8') !== node) writeFileSync(path, node);
  } else if (isLink(node)) {
    if (stats?.isSymbolicLink() === true && readlinkSync(path) === node.linkTo) return;
    if (stats !== undefined) rmSync(path, { recursive: true });
    symlinkSync(node.linkTo, path);
  } else {
    if (stats !== undefined && !stats.isDirectory()) rmSync(path);
    placeTree(path, node);
  }
};
