import { isCompressed } from '../mail/stored-form.ts';
import type { Draft } from './proposal.ts';
import { formsOfMail } from './stored-mail.ts';

/** The keys of encrypted mail, as far as they are known. */
export interface MailKeys {
  /** Private keys, by their paths: what must be in a backup. */
  readonly files: readonly string[];
  /** Whether mail is said to be encrypted, whatever a sample shows. */
  readonly isSaid: boolean;
}

/** Tells whether mail lies compressed or encrypted, and whether the keys for it are captured. */
export const tellMailForms = async (draft: Draft, path: string, keys: MailKeys): Promise<void> => {
  const forms = await formsOfMail(draft.machine, path);
  for (const form of forms ?? []) {
    if (isCompressed(form) || form === 'bzip2' || form === 'xz') draft.tell({ code: 'compressed-mail', path, form });
  }
  const isEncrypted = forms?.has('encrypted') === true;
  if (!isEncrypted && !keys.isSaid) return;
  const missing: string[] = [];
  for (const key of keys.files) if ((await draft.machine.placeAt(key)) === 'missing') missing.push(key);
  for (const key of missing) draft.tell({ code: 'mail-key-missing', mail: path, key });
  if (keys.files.length === 0) draft.tell({ code: 'mail-key-unknown', mail: path });
  else if (missing.length === 0) draft.tell({ code: 'encrypted-mail', path, keys: keys.files });
};
