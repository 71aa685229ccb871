import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import type { Run } from '../../contract/run.ts';
import { asFault, Fault, isFault } from '../../model/fault.ts';
import type { Hold, HoldEntry } from '../../model/hold.ts';
import { processIdentity } from '../../system/identity.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { doubtText, holdLines, holdRecord, type ShownHold } from '../hold/hold-lines.ts';
import { type HoldAddress, holdAddresses, type HoldPlace } from '../hold/hold-places.ts';
import { addressesFor, type HoldOptions, holdWish, subjectIn } from '../hold/hold-wish.ts';

interface AddOptions extends GlobalOptions, HoldOptions {
  readonly reason: string;
  readonly case?: string;
  readonly until?: string;
}

interface ListOptions extends GlobalOptions {
  readonly all: boolean;
}

interface ReleaseOptions extends GlobalOptions {
  readonly reason: string;
}

const parseDate = (text: string): string => {
  const time = new Date(`${text}T00:00:00Z`);
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text))
    return text;
  throw new InvalidArgumentError('It must be a date such as 2027-01-31.');
};

const parseReason = (text: string): string => {
  if (text.trim() === '') throw new InvalidArgumentError('It must say why.');
  return text.trim();
};

export const holdCommand: DefineCommand = (execute) => {
  // Options that it had itself would be taken from its commands.
  const command = new Command('hold')
    .summary('keep backups whatever any policy says, until they are released')
    .description('keep backups whatever any policy says, until they are released')
    .addHelpText(
      'after',
      examples([
        'mailkeep hold add --mailbox alice@example.com --reason "suit 12/2026"    whatever contains it, now and later',
        'mailkeep hold add --mailbox /mail/vmail/example.com/alice --reason …     a folder in the tree',
        'mailkeep hold add 1a2b3c4d latest --reason "before the migration" --until 2027-01-31',
        'mailkeep hold add daily/2025-11-07 --server mailserver --reason …        a day of a dated disk',
        'mailkeep hold list --all                                                 released ones as well',
        'mailkeep hold release 0123456789abcdef --reason "settled"',
        '  restic knows of no holds: append-only storage or Object Lock is what holds against other programs.',
      ]),
    )
    .addCommand(
      newCommand('add', 'hold snapshots, days, a mailbox, an account or a server')
        .argument('[snapshots...]', 'beginnings of ids, latest; or days of a disk: daily/2025-11-07')
        .option('--mailbox <name>', 'whatever contains it: an address, or the path of a folder')
        .option('--account <name>', 'every snapshot of this account')
        .option('--folder <name>', 'with --account: only those that contain this folder')
        .option('--server <name>', 'every backup of this server; with days: whose disk is meant')
        .requiredOption('--reason <text>', 'why', parseReason)
        .option('--case <id>', 'a case or file number')
        .option('--until <date>', 'when to look whether it is still needed; it stands until it is released', parseDate)
        .action((things: readonly string[], options: AddOptions) =>
          execute(options, (context) => addHold(things, options, context)),
        ),
    )
    .addCommand(
      newCommand('list', 'tell what is held, since when, and why')
        .option('--all', 'also what was released', false)
        .action((options: ListOptions) => execute(options, (context) => listHolds(options, context))),
    )
    .addCommand(
      newCommand('release', 'end a hold; that it was there stays on record')
        .argument('<id>', 'the beginning of its id')
        .requiredOption('--reason <text>', 'why', parseReason)
        .action((id: string, options: ReleaseOptions) =>
          execute(options, (context) => releaseHold(id, options, context)),
        ),
    );
  for (const one of command.commands) one.exitOverride();
  return command;
};

const timeOf = (run: Run): string => new Date(Number(run.now() / 1_000_000n)).toISOString();

/** What every line says of who wrote it. */
const written = (reason: string, { environment, run }: CommandContext) => {
  const { hostname, username, uid } = processIdentity();
  const user = username === '' ? String(uid) : username;
  return { time: timeOf(run), host: environment.host ?? hostname, user, reason };
};

const newId = (): string => randomBytes(8).toString('hex');

/** Asks each place; what fails is told, and makes the exit code 1, unless nothing worked at all. */
const inEach = async (
  addresses: readonly HoldAddress[],
  work: (place: HoldPlace, address: HoldAddress) => Promise<void>,
  { run, output, messages, options }: CommandContext,
): Promise<number> => {
  const faults: Fault[] = [];
  for (const address of addresses) {
    try {
      await address.open(async (place) => {
        for (const doubt of place.log.doubts) {
          const message = doubtText(doubt, place.name, messages);
          if (options.json) run.emit({ kind: 'notice', message });
          else output.say(message);
        }
        await work(place, address);
      });
    } catch (error) {
      if (isFault(error, 'interrupted', 'internal', 'usage')) throw error;
      faults.push(asFault(error));
    }
  }
  const [first] = faults;
  if (first !== undefined && faults.length === addresses.length) throw first;
  for (const fault of faults) run.emit({ kind: 'fault', fault });
  return first === undefined ? exitCode.good : exitCode.incomplete;
};

const addHold = async (things: readonly string[], options: AddOptions, context: CommandContext): Promise<number> => {
  const { output, messages } = context;
  const wish = holdWish(things, options, await openConfiguration(context));
  const addresses = addressesFor(wish, await holdAddresses(context), options);
  const id = newId();
  const common = written(options.reason, context);
  const placed: { name: string; held: readonly string[] }[] = [];
  const code = await inEach(
    addresses,
    async (place, { kind }) => {
      const entry: HoldEntry = {
        ...common,
        kind: 'hold',
        id,
        hold: id,
        subject: subjectIn(wish, place),
        ...(options.case === undefined ? {} : { caseId: options.case }),
        ...(options.until === undefined ? {} : { until: options.until }),
      };
      const held = (await place.held(await place.add([entry]))).get(id) ?? [];
      placed.push({ name: place.name, held });
      if (options.json) return;
      if (placed.length === 1) output.print(messages.holdAdded(id));
      output.print(messages.holdAddedTo(place.name, held.length, kind === 'disk'));
    },
    context,
  );
  if (options.json) output.print(JSON.stringify({ message_type: 'hold_added', id, places: placed }));
  else if (placed.every(({ held }) => held.length === 0)) output.print(messages.holdNothingYet());
  return code;
};

const listHolds = async ({ all, json }: ListOptions, context: CommandContext): Promise<number> => {
  const { output, messages, run } = context;
  const found = new Map<string, { hold: Hold; places: ShownHold['places'][number][] }>();
  const code = await inEach(
    await holdAddresses(context),
    async (place) => {
      const held = place.log.holds.length === 0 ? new Map<string, readonly string[]>() : await place.held(place.log);
      for (const hold of place.log.holds) {
        const isReleased = hold.release !== undefined;
        const known = found.get(hold.id);
        const here = { name: place.name, held: held.get(hold.id) ?? [], isReleased };
        // Where it stands in one place it stands.
        if (known === undefined) found.set(hold.id, { hold, places: [here] });
        else found.set(hold.id, { hold: isReleased ? known.hold : hold, places: [...known.places, here] });
      }
    },
    context,
  );
  const shown = [...found.values()].filter(({ hold }) => all || hold.release === undefined);
  if (json) output.print(JSON.stringify(shown.map(holdRecord)));
  else for (const line of holdLines(shown, timeOf(run).slice(0, 10), messages)) output.print(line);
  return code;
};

const missing = (id: string): Fault =>
  new Fault('usage', `there is no hold ${id}`, { hint: '`mailkeep hold list` tells those that there are.' });

const named = (id: string, { log }: HoldPlace): Hold | undefined => {
  const found = log.holds.filter((hold) => hold.id.startsWith(id));
  if (found.length > 1) throw new Fault('usage', `several holds begin with ${id}`, { hint: 'Give more of its id.' });
  return found[0];
};

const releaseHold = async (id: string, options: ReleaseOptions, context: CommandContext): Promise<number> => {
  const { output, messages } = context;
  if (!/^[0-9a-f]{4,16}$/.test(id)) throw missing(id);
  const line = newId();
  const common = written(options.reason, context);
  const ended: { name: string; id: string }[] = [];
  const code = await inEach(
    await holdAddresses(context),
    async (place) => {
      const hold = named(id, place);
      if (hold === undefined) return;
      ended.push({ name: place.name, id: hold.id });
      const isNew = hold.release === undefined;
      if (isNew) await place.add([{ ...common, kind: 'release', id: line, hold: hold.id }]);
      if (options.json) return;
      output.print(isNew ? messages.holdEnded(hold.id, place.name) : messages.holdEndedAlready(hold.id, place.name));
    },
    context,
  );
  if (ended.length === 0) throw missing(id);
  if (options.json) output.print(JSON.stringify({ message_type: 'hold_released', places: ended }));
  return code;
};
