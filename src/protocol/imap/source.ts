import type { AccountSource, AccountSourceOptions } from '../../contract/account-source.ts';
import type { Base, CapturedDirectory } from '../../contract/source.ts';
import type { Metadata } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { Run } from '../../contract/run.ts';
import { type ImapScanOptions, openImapScan } from './scan/account-scan.ts';
import { AccountCapture } from './direct/account-capture.ts';
import { DirectBase } from './direct/direct-base.ts';
import { ExpectedAccount } from './direct/expected-account.ts';
import { type Fetched, readAccount } from './direct/read-account.ts';

export interface ImapSourceOptions extends ImapScanOptions, AccountSourceOptions {
  /** The account's name in the configuration. */
  readonly account: string;
  /** Whom the files of the snapshot belong to. */
  readonly owner: Pick<Metadata, 'uid' | 'gid' | 'user' | 'group'>;
}

/**
 * An IMAP account as a source, straight from the server: no message touches the disk. The tree is that of decision 5; the
 * base is the account's last snapshot, and the only state there is.
 *
 * Nothing of the account is altered: the connections know no command that could.
 */
export const openImapSource = (options: ImapSourceOptions): AccountSource => {
  const scan = openImapScan(options);
  const fetched: Fetched = { messages: 0, bytes: 0 };
  let capture: AccountCapture | undefined;
  let expected: ExpectedAccount | undefined;
  async function* start(base: Base | undefined, run: Run): AsyncGenerator<CapturedDirectory, void> {
    const known = await DirectBase.open(base, run);
    const before = await base?.directory([], run);
    expected = new ExpectedAccount(await before?.counts(run));
    const { account, owner, user, server } = options;
    const format = { version: 1, kind: 'imap', account, host: server.host, user } as const;
    capture = new AccountCapture({ scan, format, owner, options, fetched, expected }, { base, known }, run);
    yield* capture.capture();
  }
  return {
    description: scan.description,
    capture: start,
    read: (requests, _pieces, run) => readAccount(scan, { requests, fetched }, run),
    relocate: async () => undefined,
    expected: () => expected?.expected(),
    close: () => scan.close(),
    report: () => {
      if (capture === undefined) throw new Fault('internal', 'an account reports before it was captured');
      return capture.report();
    },
  };
};
