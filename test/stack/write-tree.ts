import { chmod, chown, copyFile, lchown, mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { succeed } from '../requirement/command.ts';
import { makeCertificate } from '../servers/dovecot.ts';
import { composeFile, rootPassword } from './database-server.ts';
import { domain, type StackPlaces, vmail } from './places.ts';
import {
  certificatePlace,
  dovecotSettings,
  dovecotSql,
  postfixServices,
  postfixSettings,
  postfixTables,
} from './service-settings.ts';

interface FileLook {
  readonly mode?: number;
  readonly group?: number;
}

const write = async (path: string, text: string, { mode = 0o644, group = 0 }: FileLook = {}): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chown(path, 0, group);
  await chmod(path, mode);
};

/** As certbot lays it out: the names in `live` are links to the newest of `archive`. Returns the CA's certificate. */
const writeCertificates = async (root: string): Promise<string> => {
  const certbot = join(root, 'data/certbot');
  const live = certificatePlace(root);
  const archive = live.replace('/live/', '/archive/');
  for (const place of [live, archive, join(certbot, 'renewal'), join(certbot, 'accounts/acme')]) {
    await mkdir(place, { recursive: true });
  }
  const work = join(certbot, 'work');
  await mkdir(work);
  const { authority } = await makeCertificate(work);
  await copyFile(join(work, 'server.pem'), join(archive, 'fullchain1.pem'));
  await rename(join(work, 'server.key'), join(archive, 'privkey1.pem'));
  await succeed('rm', ['-r', work]);
  await chmod(join(archive, 'privkey1.pem'), 0o600);
  for (const name of ['fullchain', 'privkey']) {
    await symlink(`../../archive/mail.example.com/${name}1.pem`, join(live, `${name}.pem`));
  }
  for (const name of ['live', 'archive', 'accounts']) await chmod(join(certbot, name), 0o700);
  await write(join(certbot, 'renewal/mail.example.com.conf'), `archive_dir = ${archive}\n`);
  await write(join(certbot, 'accounts/acme/private_key.json'), '{"kty":"RSA"}\n', { mode: 0o400 });
  return authority;
};

const keyOwner = 23_460;

/** As opendkim-genkey leaves them: a key, and the record for the DNS. */
const writeKeys = async (root: string): Promise<void> => {
  const folder = join(root, 'config/opendkim');
  const key = join(folder, 'keys', domain, 'default.private');
  await mkdir(dirname(key), { recursive: true });
  await succeed('openssl', ['genrsa', '-traditional', '-out', key, '2048']);
  await chmod(key, 0o600);
  await chown(key, keyOwner, keyOwner);
  const record = `default._domainkey IN TXT ( "v=DKIM1; h=sha256; k=rsa; p=${await publicKeyOf(key)}" )\n`;
  await write(key.replace('.private', '.txt'), record);
  await write(join(folder, 'KeyTable'), `default._domainkey.${domain} ${domain}:default:${key}\n`);
  await write(join(folder, 'SigningTable'), `*@${domain} default._domainkey.${domain}\n`);
  await write(join(folder, 'TrustedHosts'), '127.0.0.1\n::1\n');
};

/** The public half of a private key, as the DNS has it. */
export const publicKeyOf = async (key: string): Promise<string> => {
  const pem = await succeed('openssl', ['rsa', '-in', key, '-pubout']);
  return pem
    .split('\n')
    .filter((line) => !line.startsWith('-----'))
    .join('');
};

const filing = `require ["fileinto", "mailbox"];
if header :contains "subject" "invoice" { fileinto :create "Bills"; }
`;

const giveToMail = async (path: string): Promise<void> => {
  await lchown(path, vmail, vmail);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await giveToMail(join(path, entry.name));
    else await lchown(join(path, entry.name), vmail, vmail);
  }
};

const writeMail = async (root: string): Promise<void> => {
  const own = join(root, 'data/mail/sieve/alice@example.com');
  await write(join(own, 'scripts/bills.sieve'), filing);
  await symlink('scripts/bills.sieve', join(own, 'active.sieve'));
  await mkdir(join(root, 'data/mail/vmail', domain), { recursive: true });
  await giveToMail(join(root, 'data/mail'));
  await chmod(join(root, 'data/mail/vmail'), 0o2770);
};

/** Everything below the root of a stack but its database. Returns the certificate of the CA. */
export const writeTree = async (places: StackPlaces, postfixGroup: number): Promise<string> => {
  const { root } = places;
  const authority = await writeCertificates(root);
  await writeKeys(root);
  await writeMail(root);
  for (const name of ['dovecot', 'postfix']) await mkdir(join(root, 'logs', name), { recursive: true });
  await write(join(root, 'config/dovecot/dovecot.conf'), dovecotSettings(places));
  await write(join(root, 'config/dovecot/dovecot-sql.conf.ext'), dovecotSql(places), { mode: 0o600 });
  await write(join(root, 'config/postfix/main.cf'), postfixSettings(places));
  await write(join(root, 'config/postfix/master.cf'), await postfixServices(places));
  for (const [name, text] of Object.entries(postfixTables(places))) {
    await write(join(root, 'config/postfix/sql', name), text, { mode: 0o640, group: postfixGroup });
  }
  await write(join(root, 'docker-compose.yml'), composeFile(places));
  await write(join(root, '.env'), `MARIADB_ROOT_PASSWORD=${rootPassword}\n`, { mode: 0o600 });
  await write(join(root, 'scripts/renew.sh'), '#!/bin/sh\nexec certbot renew\n', { mode: 0o755 });
  return authority;
};
