import { Command } from 'commander';
import type { LoadedConfig } from '../../config/load-config.ts';
import { nearestName } from '../../config/nearest-name.ts';
import type { Announcement } from '../../contract/notification.ts';
import { asFault, Fault, isFault } from '../../model/fault.ts';
import { wallTime } from '../../model/local-time.ts';
import type { Config } from '../../registry.ts';
import { processIdentity } from '../../system/identity.ts';
import { messagesIn } from '../catalogue/messages.ts';
import { needConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { type Notification, type OpenNotification, openNotifications, outboxOf } from '../notify/notifiers.ts';
import { tableLines } from '../render/table.ts';

export const notifyCommand: DefineCommand = (execute) =>
  new Command('notify')
    .summary('try the notifications of the configuration')
    .description('Tries and lists the notifications that the configuration names.')
    .showHelpAfterError('(try --help)')
    .addHelpText(
      'after',
      examples([
        'mailkeep notify test              a message for a test, through each',
        'mailkeep notify test phone        through one, by its name',
        'mailkeep notify list              which there are, and what waits to be sent',
      ]),
    )
    .addCommand(
      newCommand('test', 'send a message for a test through each, or through those that are named')
        .argument(
          '[names...]',
          'names of notifications; of those without a name their kind: mail, ping, ntfy, slack, webhook',
        )
        .action((names: readonly string[], options: GlobalOptions) =>
          execute(options, (context) => test(names, context)),
        )
        .exitOverride(),
    )
    .addCommand(
      newCommand('list', 'list them, with what waits to be sent')
        .action((options: GlobalOptions) => execute(options, list))
        .exitOverride(),
    );

const wantedOf = ({ config, file }: LoadedConfig<Config>, names: readonly string[]): readonly Notification[] => {
  const { notifications } = config;
  if (notifications.length === 0) {
    throw new Fault('usage', `${file} names no notifications`, { hint: 'docs/notifications.md shows how to.' });
  }
  const known = notifications.map(({ name }) => name);
  const missing = names.find((name) => !known.includes(name));
  if (missing === undefined)
    return names.length === 0 ? notifications : notifications.filter(({ name }) => names.includes(name));
  const nearest = nearestName(missing, known);
  throw new Fault('usage', `there is no notification ${missing}`, {
    hint: nearest === undefined ? `There are: ${known.join(', ')}.` : `Is ${nearest} meant?`,
  });
};

/** A message that can be told from a report. */
const testAnnouncement = (
  { language }: Notification,
  { config }: LoadedConfig<Config>,
  { run, environment }: CommandContext,
): Announcement => {
  const words = messagesIn(language ?? config.language ?? environment.language);
  const time = Number(run.now() / 1_000_000n);
  const { date, time: clock } = wallTime(time, config.timeZone);
  const machine = environment.host ?? processIdentity().hostname;
  const [subject, text] = [words.testSubject(date), words.testText(machine, `${date} ${clock}`)];
  return {
    id: `test-${time}`,
    verdict: 'good',
    time,
    machine,
    subject,
    headline: subject,
    text: `${text}\n`,
    html: `<!doctype html><html><head><meta charset="utf-8"></head><body><p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p></body></html>\n`,
    report: { test: true },
  };
};

const test = async (names: readonly string[], context: CommandContext): Promise<number> => {
  const loaded = await needConfiguration(context);
  const { output, messages, options, run } = context;
  const opened = await openNotifications(wantedOf(loaded, names), loaded, { context, run });
  const results = await Promise.all(opened.map((one) => tried(one, loaded, context)));
  for (const { name, kind, fault } of results) {
    if (options.json) {
      const failure = fault === undefined ? {} : { fault: fault.code, message: fault.message, hint: fault.hint };
      output.print(JSON.stringify({ message_type: 'notification', name, kind, sent: fault === undefined, ...failure }));
    } else if (fault === undefined) output.print(messages.testSent(name));
    else {
      output.print(messages.notSent(name, fault.message));
      if (fault.hint !== undefined) output.print(messages.hint(fault.hint));
    }
  }
  return results.every(({ fault }) => fault === undefined) ? exitCode.good : exitCode.incomplete;
};

interface Tried {
  readonly name: string;
  readonly kind: string;
  readonly fault?: Fault;
}

const tried = async (
  { notification, notifier }: OpenNotification,
  loaded: LoadedConfig<Config>,
  context: CommandContext,
): Promise<Tried> => {
  const { name, way } = notification;
  const announcement = testAnnouncement(notification, loaded, context);
  try {
    if (notifier.kind === 'message') await notifier.send(announcement, context.run);
    else await notifier.ping('success', announcement.text, context.run);
    return { name, kind: way.kind };
  } catch (error) {
    if (isFault(error, 'interrupted')) throw error;
    return { name, kind: way.kind, fault: asFault(error) };
  }
};

const list = async (context: CommandContext): Promise<number> => {
  const loaded = await needConfiguration(context);
  const { output, messages, options, run } = context;
  const waiting = await outboxOf(loaded, context).waiting(Number(run.now() / 1_000_000n), ({ message }) =>
    output.say(messages.warning(message)),
  );
  const rows = loaded.config.notifications.map(({ name, way, when }) => ({
    name,
    kind: way.kind,
    when: way.kind === 'ping' ? 'always' : when,
    waiting: waiting.filter(({ notification }) => notification === name).length,
  }));
  if (options.json) {
    for (const row of rows) output.print(JSON.stringify({ message_type: 'notification', ...row }));
    return exitCode.good;
  }
  const { name, kind, when, waits } = messages.notificationColumns();
  const cells = rows.map((row) => [[row.name], [row.kind], [row.when], [String(row.waiting)]]);
  for (const line of tableLines([name, kind, when, waits], cells, new Set([3]))) output.print(line);
  return exitCode.good;
};
