import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { RestoredTree } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';

const certificateName = /\.(?:pem|crt|cer)$/i;
const isArchive = (path: string): boolean => /(?:^|\/)archive\//.test(path);
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

interface FoundCertificate {
  readonly path: string;
  readonly certificate: X509Certificate;
}

const certificateIn = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

/** Of a private key: whether it is the certificate's; undefined when it cannot be read. */
const belongs = (certificate: X509Certificate, pem: string): boolean | undefined => {
  try {
    return certificate.checkPrivateKey(createPrivateKey(pem));
  } catch {
    return undefined;
  }
};

/** That of an authority is none of a server, unless its key is beside it: what `openssl req -x509` makes is both. */
const isUsed = (certificate: X509Certificate, keys: readonly string[]): boolean =>
  !certificate.ca || keys.some((pem) => belongs(certificate, pem) === true);

const judgeDates = (
  { certificate }: FoundCertificate,
  { subject, now }: { readonly subject: string; readonly now: number },
  tally: CheckTally,
): void => {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  if (to < now) tally.find({ kind: 'certificate-expired', subject, detail: day(to) });
  if (from > now) tally.find({ kind: 'certificate-early', subject, detail: day(from) });
};

const judgeKey = (
  { certificate }: FoundCertificate,
  {
    subject,
    beside,
    all,
  }: { readonly subject: string; readonly beside: readonly string[]; readonly all: readonly string[] },
  tally: CheckTally,
): void => {
  // Debian has certificates in one folder, and keys in another.
  if (all.some((pem) => belongs(certificate, pem) === true)) return;
  tally.find({ kind: beside.length === 0 ? 'certificate-key-missing' : 'certificate-key-differs', subject });
};

/** Largest chain that is looked at. */
const largest = 262_144;

/**
 * Certificates that a server would use, with the keys beside them: those in `live` of certbot, which are the newest, or where there is no such
 * folder all but old ones (`archive`). `now`: milliseconds since 1970.
 */
export const checkCertificates = async (
  component: string,
  tree: RestoredTree,
  { now, tally }: { readonly now: number; readonly tally: CheckTally },
  run: Run,
): Promise<void> => {
  const found: FoundCertificate[] = [];
  const keys = new Map<string, string[]>();
  for await (const { path, size } of tree.files(run)) {
    if (isArchive(path) || size > largest) continue;
    const text = await tree.text(path);
    if (text === undefined) continue;
    if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
      keys.set(folderOf(path), [...(keys.get(folderOf(path)) ?? []), text]);
    }
    if (!certificateName.test(path) || !text.includes('-----BEGIN CERTIFICATE-----')) continue;
    const certificate = certificateIn(text);
    if (certificate === undefined) tally.find({ kind: 'certificate-unreadable', subject: `${component}/${path}` });
    else found.push({ path, certificate });
  }
  const used = found.filter(({ path, certificate }) => isUsed(certificate, keys.get(folderOf(path)) ?? []));
  const live = used.filter(({ path }) => /(?:^|\/)live\//.test(path));
  const all = [...keys.values()].flat();
  for (const one of live.length > 0 ? live : used) {
    const subject = `${component}/${one.path}`;
    tally.look();
    judgeDates(one, { subject, now }, tally);
    judgeKey(one, { subject, beside: keys.get(folderOf(one.path)) ?? [], all }, tally);
  }
};
