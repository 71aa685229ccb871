import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { RestoredTree } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';

/** The public half of a key as the DNS may have it (RFC 6376 section 3.6.1, RFC 8463), in base64. */
export const publicTextsOf = (privateKey: KeyObject): readonly string[] => {
  const key = createPublicKey(privateKey);
  const spki = key.export({ type: 'spki', format: 'der' });
  if (key.asymmetricKeyType === 'rsa') {
    return [spki, key.export({ type: 'pkcs1', format: 'der' })].map((bytes) => bytes.toString('base64'));
  }
  // RFC 8463: the bare 32 bytes, which end the structure.
  return [spki.subarray(-32), spki].map((bytes) => bytes.toString('base64'));
};

/** What stands behind `p=` of a record, as opendkim-genkey, rspamd or a person has written it; undefined: it is none. */
export const publishedKey = (record: string): string | undefined => {
  const parts = [...record.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part]) => part ?? '');
  const text = (parts.length > 0 ? parts.join('') : record).replaceAll('\\;', ';');
  const found = /(?:^|[;\s(])p\s*=\s*([A-Za-z0-9+/=\s]+)/.exec(text)?.[1];
  return found?.replace(/\s+/g, '').replace(/[^A-Za-z0-9+/=].*$/, '');
};

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const commonLength = (one: string, other: string): number => {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
};

/** The record beside a key that is called most like it. */
const recordFor = <Named extends { readonly path: string }>(
  key: string,
  records: readonly Named[],
): Named | undefined =>
  records
    .filter(({ path }) => folderOf(path) === folderOf(key))
    .toSorted(
      (one, other) => commonLength(nameOf(other.path), nameOf(key)) - commonLength(nameOf(one.path), nameOf(key)),
    )
    .find(({ path }) => commonLength(nameOf(path), nameOf(key)) > 0);

/** Larger files are neither keys nor records. */
const largest = 16_384;

const keyIn = (pem: string): KeyObject | undefined => {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
};

const bare = (text: string): string => text.replace(/=+$/, '');

/** Each private key of a component against the public text that lies beside it. */
export const checkDkim = async (component: string, tree: RestoredTree, tally: CheckTally, run: Run): Promise<void> => {
  const keys: { readonly path: string; readonly pem: string }[] = [];
  const records: { readonly path: string; readonly published: string }[] = [];
  for await (const { path, size } of tree.files(run)) {
    const text = size > largest ? undefined : await tree.text(path);
    if (text === undefined) continue;
    if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) keys.push({ path, pem: text });
    else {
      const published = publishedKey(text);
      if (published !== undefined) records.push({ path, published });
    }
  }
  for (const { path, pem } of keys) {
    const subject = `${component}/${path}`;
    const key = keyIn(pem);
    tally.look();
    if (key === undefined) {
      tally.find({ kind: 'dkim-unreadable', subject });
      continue;
    }
    const record = recordFor(path, records);
    if (record === undefined) tally.skip('no-public-text', subject);
    else if (!publicTextsOf(key).some((text) => bare(text) === bare(record.published))) {
      tally.find({ kind: 'dkim-mismatch', subject, detail: `${component}/${record.path}` });
    }
  }
};
