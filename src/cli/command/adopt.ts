import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { Fault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import { type MirrorAdoption, openMirrorAdoption } from '../../registry.ts';
import { accountParts } from '../account/named-account.ts';
import { adoptionTotals, printAdoptionPlan } from '../account/adoption-text.ts';
import { selectedAccounts } from '../account/selected-accounts.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { collect, examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { pairOf } from '../restore/account-restore-options.ts';

interface AdoptOptions extends GlobalOptions {
  readonly from: string;
  readonly state: readonly string[];
  readonly mapFolder: readonly string[];
  readonly verify: number;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

const parseCount = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number.');
};

export const adoptCommand: DefineCommand = (execute) =>
  newCommand('adopt', 'take over a mirror of OfflineIMAP or mbsync, without fetching its messages again')
    .argument('<account>', 'name of an account of the configuration whose store is a mirror')
    .requiredOption('--from <folder>', 'where the old Maildirs are')
    .option(
      '--state <folder>',
      'where the old program keeps its records (default: its usual places); may be repeated',
      collect,
      [],
    )
    .option('--map-folder <old=new>', 'which folder of the old tree is which of the account', collect, [])
    .option('--verify <number>', 'fetch so many of the messages and compare them whole', parseCount, 0)
    .option('-n, --dry-run', 'only show the plan', false)
    .option('--yes', 'do it without being asked; needed where nobody can be asked', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep adopt fastmail --from ~/OfflineIMAP --dry-run    what could be taken over',
        'mailkeep adopt fastmail --from ~/Mail/fastmail --verify 20',
        "mailkeep adopt gmail --from ~/Mail/gmail --map-folder 'sent=[Gmail]/Sent Mail'",
      ]),
    )
    .action((name: string, options: AdoptOptions) => execute(options, (context) => adopt(name, options, context)));

const usualStates = ({ environment: { home, variables } }: CommandContext): readonly string[] => [
  join(home, '.offlineimap'),
  join(variables['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'offlineimap'),
  join(home, '.mbsync'),
  join(variables['XDG_STATE_HOME'] ?? join(home, '.local', 'state'), 'isync'),
];

const adopt = async (name: string, options: AdoptOptions, context: CommandContext): Promise<number> => {
  const { run } = context;
  const mapping = options.mapFolder.map((text) => pairOf(text)).map(({ from, to }) => [from, to] as const);
  const accounts = await selectedAccounts([name], context);
  const [account] = accounts;
  if (account === undefined || accounts.length > 1) {
    throw new Fault('usage', `${name} stands for ${accounts.length} accounts, and a mirror belongs to one`, {
      hint: `Name one of: ${accounts
        .slice(0, 10)
        .map((one) => one.name)
        .join(', ')}`,
    });
  }
  if (account.store.kind !== 'mirror') {
    throw new Fault('usage', `the account ${name} goes straight into the repository: it has no mirror`, {
      hint: 'Give it `store: {mirror: FOLDER}` in the configuration. To keep the old mail alone, `mailkeep import` does that.',
    });
  }
  const directory = account.store.folder;
  const old = {
    folder: resolve(options.from),
    states: options.state.length > 0 ? options.state.map((folder) => resolve(folder)) : usualStates(context),
    mapping,
  };
  const adoption = await openMirrorAdoption(account, old, { ...accountParts(context), directory }, run);
  try {
    return await takeOver(adoption, { account: account.name, from: old.folder, mirror: directory, options }, context);
  } finally {
    await adoption.close();
  }
};

interface Request {
  readonly account: string;
  readonly from: string;
  readonly mirror: string;
  readonly options: AdoptOptions;
}

const takeOver = async (adoption: MirrorAdoption, request: Request, context: CommandContext): Promise<number> => {
  const { output, messages, run, options: global } = context;
  const { account, mirror, options } = request;
  const { plan } = adoption;
  printAdoptionPlan(plan, request, context);
  const compared = await verified(adoption, options.verify, context);
  const finish = (outcome: string, adopted: number, bytes: number, code: number): number => {
    const record = { message_type: 'summary', account, mirror, outcome, messages_adopted: adopted };
    const { left } = adoptionTotals(plan);
    const counts = { bytes_adopted: bytes, messages_left: left, messages_compared: compared };
    output.update(undefined);
    if (global.json) output.print(JSON.stringify({ ...record, ...counts }));
    return code;
  };
  if (options.dryRun) return finish('planned', 0, 0, exitCode.good);
  const { bytes } = adoptionTotals(plan);
  if (bytes > adoption.free) {
    throw new Fault('disk-full', `the mirror needs ${formatBytes(bytes)}, and ${formatBytes(adoption.free)} are free`, {
      hint: 'Name a folder on a larger disk as the mirror, or make room.',
    });
  }
  if (!(await mayTakeOver(options.yes, context))) {
    if (!global.json) output.print(messages.adoptDeclined());
    return finish('declined', 0, 0, exitCode.incomplete);
  }
  const { fetched, ledger } = await adoption.apply(run);
  output.update(undefined);
  if (!global.json) output.print(messages.adoptDone(fetched.messages, formatBytes(fetched.bytes), account));
  const isWhole = plan.unread.length === 0 && ledger.folders.every(({ onServer }) => onServer !== undefined);
  const { messages: planned } = adoptionTotals(plan);
  const code = isWhole && fetched.messages === planned ? exitCode.good : exitCode.incomplete;
  return finish('adopted', fetched.messages, fetched.bytes, code);
};

/** How many were compared. Fault `verification-failed` when one of them is another message than the server's. */
const verified = async (adoption: MirrorAdoption, count: number, context: CommandContext): Promise<number> => {
  const { output, messages, run, options } = context;
  if (count === 0) return 0;
  const { compared, different } = await adoption.verify(count, run);
  if (different > 0) {
    throw new Fault(
      'verification-failed',
      `${different} of ${compared} messages that were compared are not the server's`,
      {
        hint: 'Nothing was taken over. `mailkeep run` fetches the account instead.',
        context: { compared, different },
      },
    );
  }
  output.update(undefined);
  if (!options.json) output.print(messages.adoptVerified(compared));
  return compared;
};

const mayTakeOver = async (yes: boolean, context: CommandContext): Promise<boolean> => {
  if (yes) return true;
  if (isAttended(context)) return confirm(context.messages.askAdopt(), context);
  throw new Fault('usage', 'this fills a mirror, and there is nobody to ask', {
    hint: 'Say --yes, or --dry-run to see what would be taken over.',
  });
};
