import { cp, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeOddEntries, type OddEntries } from './odd-entries.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixture/${name}`, import.meta.url));

/** Bytes that do not compress, always the same for a seed. */
export const noise = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(bytes.buffer, 0, length >> 2);
  let state = (seed * 2_654_435_769) >>> 0 || 1;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return bytes;
};

/** A message with attachments that are large enough to be cut out. */
export const largeMessage = (attachments: readonly Uint8Array[], subject: string): Buffer => {
  const parts = attachments.map((bytes, at) => {
    const body = Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n');
    const head = `--border\r\nContent-Type: application/pdf; name="${at}.pdf"\r\nContent-Transfer-Encoding: base64\r\n`;
    return `${head}\r\n${body}\r\n`;
  });
  const head = `From: alice@example.com\r\nTo: bob@example.org\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\n`;
  const text = '--border\r\nContent-Type: text/plain\r\n\r\nSee what is attached.\r\n';
  return Buffer.from(
    `${head}Content-Type: multipart/mixed; boundary="border"\r\n\r\n${text}${parts.join('')}--border--\r\n`,
  );
};

/** Mail, files of every kind and of every size that is treated differently. */
export const makeMixedSource = async (folder: string): Promise<OddEntries> => {
  await mkdir(folder, { recursive: true });
  const odd = await makeOddEntries(join(folder, 'odd'));
  for (const name of ['cur', 'new', 'tmp']) await mkdir(join(folder, 'Maildir', name), { recursive: true });
  await cp(fixture('mail'), join(folder, 'Maildir', 'cur'), { recursive: true, preserveTimestamps: true });
  const attachment = noise(700_000, 1);
  await writeFile(join(folder, 'Maildir', 'new', '1.M1P1.mail1'), largeMessage([attachment], 'one'));
  await writeFile(join(folder, 'Maildir', 'new', '2.M2P2.mail1'), largeMessage([attachment, noise(90_000, 2)], 'two'));
  await mkdir(join(folder, 'files'));
  for (const size of [0, 1, 524_287, 524_288, 524_289, 2_000_000, 16_777_217]) {
    await writeFile(join(folder, 'files', String(size)), noise(size, size));
  }
  await writeFile(join(folder, 'files', 'sparse'), '');
  await truncate(join(folder, 'files', 'sparse'), 3_000_000);
  return odd;
};
