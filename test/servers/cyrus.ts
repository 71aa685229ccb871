import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApart } from './apart.ts';
import { freePort } from './dovecot.ts';
import type { ImapServer } from './imap-server.suite.ts';

export const largestMessage = 65 * 1024 * 1024;

const configuration = (folder: string): string => `configdirectory: ${folder}/var
proc_path: ${folder}/run/proc
mboxname_lockpath: ${folder}/run/lock
defaultpartition: default
partition-default: ${folder}/spool
servername: localhost
admins: admin
altnamespace: yes
unixhierarchysep: yes
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${folder}/sasldb2
sasl_mech_list: PLAIN
tls_server_cert: ${folder}/server.pem
tls_server_key: ${folder}/server.key
autocreate_quota: 0
maxmessagesize: ${largestMessage}
`;

const services = (folder: string, ports: { readonly port: number; readonly tlsPort: number }): string => `START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -C ${folder}/imapd.conf -r"
}
SERVICES {
  imap cmd="imapd -C ${folder}/imapd.conf -U 30" listen="127.0.0.1:${ports.port}" prefork=0
  imaps cmd="imapd -C ${folder}/imapd.conf -s -U 30" listen="127.0.0.1:${ports.tlsPort}" prefork=0
}
EVENTS {
}
`;

/** Lines of clients among what Cyrus notes of a session, each turn behind `<time<` or `>time>`. */
const linesOfClient = (log: string): readonly string[] => {
  const lines: string[] = [];
  let isClient = false;
  for (const line of log.split('\n')) {
    const turn = /^([<>])\d+[<>]/.exec(line);
    if (turn !== null) isClient = turn[1] === '<';
    if (isClient) lines.push(line.slice(turn?.[0].length ?? 0));
  }
  return lines;
};

/**
 * A real Cyrus with its own defaults: `/` between levels, QRESYNC, OBJECTID, COMPRESS, MULTIAPPEND, users in a sasldb. What it
 * keeps lies in memory, as it syncs every message.
 */
export const startCyrus = async (users: readonly string[]): Promise<ImapServer> => {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const prepare = async (folder: string): Promise<void> => {
    for (const name of ['var', 'spool']) await mkdir(join(folder, name));
    // Where there is such a folder, Cyrus notes what the user says.
    for (const user of users) await mkdir(join(folder, 'log', user), { recursive: true });
    await writeFile(join(folder, 'imapd.conf'), configuration(folder));
    await writeFile(join(folder, 'cyrus.conf'), services(folder, { port, tlsPort }));
  };
  const script = (folder: string): string => `mount -t tmpfs tmpfs ${folder}/spool
mount -t tmpfs tmpfs ${folder}/var
mkdir -p /run/cyrus ${folder}/var/db ${folder}/var/socket ${folder}/var/log
mount --bind ${folder}/log ${folder}/var/log
for user in ${users.join(' ')} admin; do
  echo secret | saslpasswd2 -p -c -f ${folder}/sasldb2 -u localhost $user
done
chown -R cyrus:mail ${folder} /run
/usr/lib/cyrus/bin/master -C ${folder}/imapd.conf -M ${folder}/cyrus.conf -D -p /run/master.pid &
wait
`;
  const { folder, certificateAuthority, stop } = await startApart({ server: 'cyrus', script, port: tlsPort, prepare });
  return {
    port,
    tlsPort,
    certificateAuthority,
    commands: async (user) => {
      const logs = join(folder, 'log', user);
      const texts = await Promise.all((await readdir(logs)).map((name) => readFile(join(logs, name), 'latin1')));
      return texts.flatMap(linesOfClient);
    },
    stop,
  };
};
