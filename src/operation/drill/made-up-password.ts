import { createHash, randomBytes } from 'node:crypto';

/** A password that the drill makes up, and its salted hash, which names its scheme and which every Dovecot knows. */
export interface MadeUpPassword {
  readonly password: string;
  readonly hash: string;
}

export const makeUpPassword = (): MadeUpPassword => {
  const password = randomBytes(16).toString('hex');
  const salt = randomBytes(8);
  const digest = createHash('sha512').update(password).update(salt).digest();
  return { password, hash: `{SSHA512}${Buffer.concat([digest, salt]).toString('base64')}` };
};
