import { randomBytes } from 'node:crypto';
import { Fault, isFault } from '../../model/fault.ts';
import type { Run } from '../../contract/run.ts';
import { presentStore } from '../../operation/lens/presented-snapshot.ts';
import { snapshotView } from '../../operation/browse/snapshot-view.ts';
import { serveWebdav, type WebdavServer } from '../../protocol/webdav/server.ts';
import { browseRepository } from '../../store/restic/read/browsed-repository.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { sleep } from '../../system/clock.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { isLoopback, type ListenAddress, parseListen } from '../mount/listen-address.ts';
import { addStoredOption, lensOptions, type StoredOptions } from '../present-mail.ts';
import { readRepository } from '../read-repository.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface MountOptions extends GlobalOptions, FilterOptions, StoredOptions {
  readonly listen: ListenAddress;
  readonly yes: boolean;
}

export const mountCommand: DefineCommand = (execute) =>
  addStoredOption(
    addFilterOptions(newCommand('mount', 'browse all snapshots, and the mail in them, as files until Ctrl-C')),
  )
    .option(
      '--listen <address:port>',
      'where to serve them by WebDAV, read-only (default: a free port of 127.0.0.1)',
      parseListen,
      { host: '127.0.0.1', port: 0 },
    )
    .option('--yes', 'with --listen: let other machines in, unencrypted', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep mount                            and open the address it prints in a file manager',
        'mailkeep mount --listen 127.0.0.1:8480 --host mx1',
      ]),
    )
    .action((options: MountOptions) =>
      execute(options, (context) => {
        refuseOpenAddress(options);
        return readRepository(context, (repository, run) => serve(repository, { options, context }, run));
      }),
    );

const refuseOpenAddress = ({ listen, yes }: MountOptions): void => {
  if (yes || isLoopback(listen.host)) return;
  throw new Fault('usage', `at ${listen.host} other machines could read along: nothing is encrypted on the way`, {
    hint: 'Listen at 127.0.0.1 and go there through SSH (ssh -L), or say --yes as well.',
  });
};

/** 128 bits in letters that a URL leaves as they are, and that no client takes for an option. */
const newToken = (): string => randomBytes(16).toString('hex');

const lockCheckInterval = 30_000;

/** Resolves when the person has had enough. Fault `lock-lost` when what is shown can no longer be relied on to stay. */
const untilInterrupted = async (repository: Repository, run: Run): Promise<void> => {
  for (;;) {
    try {
      await sleep(lockCheckInterval, run.signal);
    } catch (error) {
      if (isFault(error, 'interrupted')) return;
      throw error;
    }
    repository.assertLocked(run);
  }
};

interface Request {
  readonly options: MountOptions;
  readonly context: CommandContext;
}

const serve = async (repository: Repository, { options, context }: Request, run: Run): Promise<void> => {
  const stored = browseRepository(repository, filterOf(options, context));
  const store = options.stored ? stored : presentStore(stored, lensOptions(context));
  const count = (await store.snapshots(run)).length;
  const token = newToken();
  const server = await serveWebdav(snapshotView(store), { ...options.listen, token }, run);
  try {
    tell(server, { token, count }, context);
    await untilInterrupted(repository, run);
  } finally {
    await server.close();
  }
  if (!options.quiet && !options.json) context.output.say(context.messages.mountEnded());
};

const tell = (
  { origin }: WebdavServer,
  { token, count }: { readonly token: string; readonly count: number },
  { output, messages, options }: CommandContext,
): void => {
  const url = `${origin}/${token}/`;
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'mounted', url, origin, token, snapshots: count }));
    return;
  }
  if (!options.quiet) output.say(messages.mountServing(count));
  output.print(url);
  if (options.quiet) return;
  const place = url.slice('http:'.length);
  for (const line of messages.mountHowTo({ url, place, origin, token })) output.say(line);
  output.say(messages.mountSecret());
  output.say(messages.mountUntil());
};
