import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { succeed } from '../requirement/command.ts';

/** A real Postfix in a folder of its own that listens nowhere and delivers all mail into a Maildir there. */
export interface Postfix {
  /** A program that hands mail to it, as sendmail does on a machine where it is the mail server. */
  readonly sendmail: string;
  /** What has been delivered, oldest first; waits until there are so many. */
  delivered(count: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const mailOwner = 23_451;

/** Postfix lets nobody but its own users and root have its folders; the test runs as root. */
export const startPostfix = async (): Promise<Postfix> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-postfix-'));
  await chmod(folder, 0o755);
  const [config, queue, data, mail] = ['config', 'queue', 'data', 'mail'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const place of [config, queue, data, mail]) await mkdir(place, { mode: 0o755 });
  await succeed('chown', ['postfix', data]);
  await chown(mail, mailOwner, mailOwner);
  await writeFile(
    join(config, 'main.cf'),
    [
      'compatibility_level = 3.6',
      `queue_directory = ${queue}`,
      `data_directory = ${data}`,
      'myhostname = mailkeep.test',
      'mydestination =',
      'virtual_mailbox_domains = example.com',
      `virtual_mailbox_base = ${mail}`,
      'virtual_mailbox_maps = static:all/',
      `virtual_uid_maps = static:${mailOwner}`,
      `virtual_gid_maps = static:${mailOwner}`,
      'inet_interfaces = loopback-only',
      `maillog_file = ${join(folder, 'maillog')}`,
      `maillog_file_prefixes = ${folder}`,
      '',
    ].join('\n'),
  );
  const services = await readFile('/usr/share/postfix/master.cf.dist', 'utf8');
  const kept = services.split('\n').filter((line) => !/^smtp +inet/.test(line));
  const unconfined = kept.map((line) => line.replace(/^(\S+\s+(?:unix|fifo|unix-dgram)\s+\S+\s+\S+\s+)[y-]/, '$1n'));
  const log = 'postlog   unix-dgram n  -       n       -       1       postlogd';
  await writeFile(join(config, 'master.cf'), `${[...unconfined, log].join('\n')}\n`);
  const sendmail = join(folder, 'sendmail');
  await writeFile(sendmail, `#!/bin/sh\nexec /usr/sbin/sendmail -C ${config} "$@"\n`, { mode: 0o755 });
  await succeed('postfix', ['-c', config, 'start']);
  const maildir = join(mail, 'all', 'new');
  const messages = async (): Promise<readonly string[]> => {
    const names = await readdir(maildir).catch((): string[] => []);
    return Promise.all(names.toSorted().map((name) => readFile(join(maildir, name), 'utf8')));
  };
  return {
    sendmail,
    delivered: async (count) => {
      for (let attempt = 0; attempt < 200; attempt++) {
        const found = await messages();
        if (found.length >= count) return found;
        await sleep(100);
      }
      const log = await readFile(join(folder, 'maillog'), 'utf8').catch(() => '');
      throw new Error(`postfix has not delivered ${count} messages: ${log.slice(-2000)}`);
    },
    stop: async () => {
      await succeed('postfix', ['-c', config, 'stop']);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
