import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackedServer } from '../requirement/unpacked.ts';
import { startApart } from './apart.ts';
import { freePort, mailOwner } from './dovecot.ts';
import type { ImapServer } from './imap-server.suite.ts';

/** Courier notes every word of a command on a line of its own. */
const linesOfClient = (log: string): readonly string[] => {
  const lines: string[] = [];
  const words: string[] = [];
  for (const [, kind, word = ''] of log.matchAll(/^READ: (\w+|\{\d+\})(?:: (.*))?$/gm)) {
    if (kind !== 'EOL') words.push(word);
    else lines.push(words.splice(0).join(' '));
  }
  return lines;
};

/** A real Courier with Debian's settings: folders below `INBOX.`, hardly an extension, users in a userdb. */
export const startCourier = async (users: readonly string[]): Promise<ImapServer> => {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const prepare = async (folder: string): Promise<void> => {
    await cp(join(await unpackedServer('courier'), 'etc', 'courier'), join(folder, 'courier'), { recursive: true });
    for (const user of users) await mkdir(join(folder, 'home', user), { recursive: true });
    const pem = ['server.key', 'server.pem'].map((name) => readFile(join(folder, name), 'utf8'));
    await writeFile(join(folder, 'courier', 'server.pem'), (await Promise.all(pem)).join(''), { mode: 0o600 });
    const add = async (name: string, lines: string): Promise<void> => {
      const file = join(folder, 'courier', name);
      await writeFile(file, `${await readFile(file, 'utf8')}\n${lines}`);
    };
    await add('authdaemonrc', 'authmodulelist="authuserdb"\n');
    await add('imapd', `ADDRESS=127.0.0.1\nPORT=${port}\nIMAPDEBUGFILE=commands\n`);
    const certificate = 'TLS_CERTFILE=/etc/courier/server.pem\nTLS_CACHEFILE=\n';
    await add('imapd-ssl', `SSLADDRESS=127.0.0.1\nSSLPORT=${tlsPort}\n${certificate}`);
  };
  const account = (user: string, home: string): string =>
    `${user}\tuid=${mailOwner}|gid=${mailOwner}|home=${home}|mail=${home}/Maildir|imappw=$password`;
  const script = (folder: string): string => `mount --bind ${folder}/courier /etc/courier
mkdir -p /run/courier/authdaemon
chown -R courier:courier /run/courier /etc/courier/server.pem
password=$(openssl passwd -1 secret)
cat > /etc/courier/userdb <<END
${users.map((user) => account(user, join(folder, 'home', user))).join('\n')}
END
chmod 700 /etc/courier/userdb
makeuserdb
for user in ${users.join(' ')}; do
  maildirmake.courier ${folder}/home/$user/Maildir
  : > ${folder}/home/$user/Maildir/commands
done
chown -R ${mailOwner}:${mailOwner} ${folder}/home
authdaemond start
imapd start
/usr/lib/courier/imapd-ssl start
exec sleep infinity
`;
  const { folder, certificateAuthority, stop } = await startApart({
    server: 'courier',
    script,
    port: tlsPort,
    prepare,
  });
  return {
    port,
    tlsPort,
    certificateAuthority,
    commands: async (user) => {
      const text = await readFile(join(folder, 'home', user, 'Maildir', 'commands'), 'latin1');
      return linesOfClient(text);
    },
    stop,
  };
};
