import { chmod, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { succeed } from '../requirement/command.ts';

const oddNames = [
  'plain',
  'two  spaces ',
  ' lead',
  '-dash',
  '~',
  'a<b>&c',
  `"quoted" 'name'`,
  'back\\slash\\n',
  'tab\tnew\nline\r\v\f\b\x07\x1b\x7f',
  'nbsp\u00a0zwsp\u200bls\u2028ps\u2029bom\ufeff',
  '日本語のメール',
  '📧👨‍👩‍👧‍👦',
  'e\u0301 é',
  '\ufffd\ufffe',
  '\u{10ffff}\u{e0001}\u{1fffe}',
  '\u088f\u1c89',
  '..., ...',
  'x'.repeat(255),
];

const invalidUtf8 = ['c0af', 'eda080', 'f4908080', 'f5', 'e282', 'c328', 'fffefd', '61ff62c3a9'];

/** Seconds since 1970, and the fraction all of them get. */
const oddTimes: readonly number[] = [
  -5_000_000_000, -3_000_000_000, -2_300_000_000, -2_000_000_000, -1_000_000_000, -1, 0, 951_782_400, 1_000_000_000,
  1_234_567_890, 1_730_008_800, 1_730_617_200, 2_147_483_648, 4_102_444_800, 4_294_967_296, 15_000_000_000,
  253_402_300_799, 300_000_000_000, 8_000_000_000_000,
];
export const oddFraction = '123456780';

const oddModes = [0o000, 0o400, 0o644, 0o4755, 0o2755, 0o1777, 0o7777, 0o6000];

const isRoot = process.getuid?.() === 0;

const bytesPath = (folder: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);

async function makeNames(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of oddNames) await writeFile(join(folder, name), name);
  for (const name of invalidUtf8) await writeFile(bytesPath(folder, Buffer.from(name, 'hex')), '');
  for (let byte = 1; byte < 256; byte++) {
    if (byte === 0x2f) continue;
    await writeFile(bytesPath(folder, Buffer.from([0x7e, byte])), '');
    await symlink(Buffer.from([byte, 0x3c, byte]), bytesPath(folder, Buffer.from([0x7e, byte, byte])));
  }
}

async function makeTypes(folder: string): Promise<void> {
  await mkdir(folder);
  const at = (name: string): string => join(folder, name);
  await succeed('mkfifo', [at('fifo')]);
  if (isRoot) {
    await succeed('mknod', [at('character device'), 'c', '5', '1']);
    await succeed('mknod', [at('block device'), 'b', '259', '1048575']);
  }
  await mkdir(at('empty directory'));
  await symlink('nowhere', at('dangling'));
  await writeFile(at('linked'), 'linked twice');
  await link(at('linked'), at('linked again'));
  for (const mode of oddModes) {
    const name = at(`mode ${mode.toString(8)}`);
    await writeFile(name, '');
    await chmod(name, mode);
    await mkdir(`${name} directory`);
    await chmod(`${name} directory`, mode | 0o700);
  }
  if (isRoot) await succeed('chown', ['4294967294:12345', at('linked')]);
}

async function makeAttributes(folder: string): Promise<void> {
  await mkdir(folder);
  const attributes: readonly (readonly [name: string, value: string])[] = [
    ['user.empty', '0x'],
    ['user.text', '0x68656c6c6f'],
    ['user.binary', '0x00ff80'],
    ['user.<é&>', `0x${'5a'.repeat(1000)}`],
  ];
  for (const [index, [name, value]] of attributes.entries()) {
    const file = join(folder, `attribute ${index}`);
    await writeFile(file, '');
    await succeed('setfattr', ['-n', name, ...(value === '0x' ? [] : ['-v', value]), file]);
    await succeed('setfattr', ['-n', name, ...(value === '0x' ? [] : ['-v', value]), folder]);
  }
}

/** Files of all these times, as far as the file system has them. */
export async function makeOddTimes(folder: string): Promise<void> {
  await mkdir(folder);
  for (const seconds of oddTimes) {
    const file = join(folder, `t${seconds}`);
    await writeFile(file, '');
    await succeed('touch', ['-d', `@${seconds}.${oddFraction}`, file]);
  }
}

export interface OddEntries extends AsyncDisposable {
  /** The entries themselves, below `folder`. */
  readonly folder: string;
}

/** Makes one of everything that a file system may hold. The socket lasts until it is disposed of. */
export async function makeOddEntries(folder: string): Promise<OddEntries> {
  await mkdir(folder);
  await makeNames(join(folder, 'names'));
  await makeTypes(join(folder, 'types'));
  await makeAttributes(join(folder, 'attributes'));
  await makeOddTimes(join(folder, 'times'));
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(join(folder, 's'), resolve);
  });
  return {
    folder,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
