/*
 * Password hashes as Dovecot keeps them: `{SCHEME}hash`, or crypt(3)'s own `$6$…`. Whether one is right only its password can
 * tell; whether it can be right at all, its form tells (Dovecot's password-scheme.c).
 */

const crypt = String.raw`[./0-9A-Za-z]`;

/** Forms of what crypt(3) knows. */
const cryptForms: readonly RegExp[] = [
  new RegExp(String.raw`^\$1\$${crypt}{1,8}\$${crypt}{22}$`),
  new RegExp(String.raw`^\$5\$(?:rounds=\d+\$)?${crypt}{1,16}\$${crypt}{43}$`),
  new RegExp(String.raw`^\$6\$(?:rounds=\d+\$)?${crypt}{1,16}\$${crypt}{86}$`),
  new RegExp(String.raw`^\$2[abxy]\$\d\d\$${crypt}{53}$`),
  new RegExp(String.raw`^\$(?:y|gy|7)\$.+\$.+$`),
  // Traditional: two letters of salt.
  new RegExp(`^${crypt}{13}$`),
];

const isCrypt = (hash: string): boolean => cryptForms.some((form) => form.test(hash));

const digest = (bytes: number, hash: string): boolean => {
  if (new RegExp(`^[0-9a-fA-F]{${bytes * 2},}$`).test(hash)) return true;
  return /^[A-Za-z0-9+/]+={0,2}$/.test(hash) && Math.floor((hash.replace(/=+$/, '').length * 3) / 4) >= bytes;
};

const schemes: Readonly<Record<string, (hash: string) => boolean>> = {
  CRYPT: isCrypt,
  'MD5-CRYPT': isCrypt,
  'DES-CRYPT': isCrypt,
  'SHA256-CRYPT': isCrypt,
  'SHA512-CRYPT': isCrypt,
  'BLF-CRYPT': isCrypt,
  MD5: (hash) => isCrypt(hash) || digest(16, hash),
  SHA: (hash) => digest(20, hash),
  SHA1: (hash) => digest(20, hash),
  SHA256: (hash) => digest(32, hash),
  SHA512: (hash) => digest(64, hash),
  SMD5: (hash) => digest(17, hash),
  SSHA: (hash) => digest(21, hash),
  SSHA256: (hash) => digest(33, hash),
  SSHA512: (hash) => digest(65, hash),
  'PLAIN-MD5': (hash) => digest(16, hash),
  'LDAP-MD5': (hash) => digest(16, hash),
  'DIGEST-MD5': (hash) => digest(16, hash),
  'HMAC-MD5': (hash) => digest(32, hash),
  'CRAM-MD5': (hash) => digest(32, hash),
  PBKDF2: (hash) => /^\$1\$[^$]+\$\d+\$[0-9a-f]+$/.test(hash),
  ARGON2I: (hash) => /^\$argon2i\$.+\$.+\$.+$/.test(hash),
  ARGON2ID: (hash) => /^\$argon2id\$.+\$.+\$.+$/.test(hash),
  'SCRAM-SHA-1': (hash) => hash.split(',').length === 4,
  'SCRAM-SHA-256': (hash) => hash.split(',').length === 4,
  PLAIN: (hash) => hash !== '',
  CLEAR: (hash) => hash !== '',
  CLEARTEXT: (hash) => hash !== '',
};

/**
 * Hashes of passlib's own, as Mailu has them (bcrypt_sha256, its usual one; pbkdf2, scrypt): Dovecot does not know them, Mailu asks its own service
 * instead. A form is passlib's modular crypt format.
 */
const foreignForms: readonly RegExp[] = [
  new RegExp(String.raw`^\$bcrypt-sha256\$(?:v=2,t=2[ab],r=\d\d?|2[ab],\d\d?)\$${crypt}{22}\$${crypt}{31}$`),
  new RegExp(String.raw`^\$pbkdf2(?:-sha256|-sha512)?\$\d+\$${crypt}+\$${crypt}+$`),
  /^\$scrypt\$ln=\d+,r=\d+,p=\d+\$[./+0-9A-Za-z]+\$[./+0-9A-Za-z]+$/,
];

/** Whether only another program than Dovecot can compare it with a password. */
export const isForeignHash = (stored: string): boolean => foreignForms.some((form) => form.test(stored));

/** Encodings that may follow the name of a scheme. */
const encoding = /\.(?:b64|base64|hex)$/i;

/** Whether it can be a password's. `usual`: the scheme of a hash that names none. */
export const isUsableHash = (stored: string, usual = 'CRYPT'): boolean => {
  const named = /^\{([^}]+)\}(.*)$/s.exec(stored);
  const scheme = (named?.[1] ?? usual).replace(encoding, '').toUpperCase();
  const hash = named?.[2] ?? stored;
  if (hash === '' || /[\r\n\0]/.test(hash)) return false;
  return Object.hasOwn(schemes, scheme) && schemes[scheme]?.(hash) === true;
};
