import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { tmpdir } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { type ProgramSource, writeProgram } from '../src/cli/kit/program-folder.ts';
import { succeed } from '../test/requirement/command.ts';

export interface ReleaseWish extends ProgramSource {
  /** The folder for the archive and its checksum. */
  readonly output: string;
  /** Seconds since 1970: of every file in the archive, so that the same sources give the same bytes. */
  readonly epoch: number;
}

const documents = ['LICENSE', 'README.md', 'README.ja.md', 'CHANGELOG.md'] as const;

const digestOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

/** Modes, owners, order and times are always the same, whoever packs. Needs GNU tar. */
const pack = (parent: string, name: string, archive: string, epoch: number): Promise<string> =>
  succeed('tar', [
    '--sort=name',
    `--mtime=@${epoch}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
    '--format=gnu',
    '-I',
    'gzip -n -9',
    '-C',
    parent,
    '-cf',
    archive,
    name,
  ]);

/**
 * Packs the compiled program with Node and its packages, as `mailkeep-VERSION-linux-ARCH.tar.gz`, and `….sha256` beside it. Returns the
 * archive. Faults as `writeProgram`.
 */
export const writeRelease = async ({ root, node, output, epoch }: ReleaseWish): Promise<string> => {
  const manifest = z.object({ version: z.string() });
  const { version } = manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const name = `mailkeep-${version}-linux-${process.arch}`;
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-release-'));
  try {
    const place = join(folder, name);
    await writeProgram({ root, node }, place);
    for (const document of documents) await copyFile(join(root, document), join(place, document));
    await mkdir(output, { recursive: true });
    const archive = join(output, `${name}.tar.gz`);
    await rm(archive, { force: true });
    await pack(folder, name, archive, epoch);
    await writeFile(`${archive}.sha256`, `${await digestOf(archive)}  ${basename(archive)}\n`);
    return archive;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
