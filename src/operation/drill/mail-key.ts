import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { RestoredTree } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';

/** The keys of encrypted mail, as PEM. */
export interface MailKey {
  /** For people: where in the backup it is. */
  readonly path: string;
  readonly privatePem: string;
  readonly publicPem: string;
}

/** What such keys are called: that of mailcow, that of Dovecot's own documentation, what a person may call it. */
const keyName = /(?:ecpriv|mail_?crypt|crypt)[^/]*\.(?:pem|key)$/i;
const keyFolder = /(?:^|\/)(?:mail_?crypt|crypt)\/[^/]*(?:priv|key)[^/]*$/i;

const largest = 16_384;

const keyIn = (text: string): Pick<MailKey, 'privatePem' | 'publicPem'> | undefined => {
  try {
    const key = createPrivateKey(text);
    const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
    // The only form that Dovecot takes.
    const privatePem = key.export({ type: 'pkcs8', format: 'pem' });
    return { privatePem: privatePem.toString(), publicPem: publicPem.toString() };
  } catch {
    return undefined;
  }
};

/** The key of encrypted mail (mail_crypt) among what was restored; undefined: there is none that is called so. */
export const findMailKey = async (trees: ReadonlyMap<string, RestoredTree>, run: Run): Promise<MailKey | undefined> => {
  for (const [component, tree] of trees) {
    if (/^(?:ssl|dkim)(?:-|$)/.test(component)) continue;
    for await (const { path, size } of tree.files(run)) {
      if (size > largest || !(keyName.test(path) || keyFolder.test(path) || component === 'crypt')) continue;
      const text = await tree.text(path);
      if (text === undefined || !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) continue;
      const key = keyIn(text);
      if (key !== undefined) return { path: `${component}/${path}`, ...key };
    }
  }
  return undefined;
};
