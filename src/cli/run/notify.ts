import type { LoadedConfig } from '../../config/load-config.ts';
import type { Announcement, Notifier, PingMoment } from '../../contract/notification.ts';
import type { Run } from '../../contract/run.ts';
import { asFault } from '../../model/fault.ts';
import type { RunStart } from '../../model/run-record.ts';
import { type Delivery, deliver } from '../../notify/deliver.ts';
import { failureBody } from '../../notify/ping-body.ts';
import { isWanted } from '../../operation/report/announcement.ts';
import { createReport, type Report } from '../../operation/report/report.ts';
import type { Config } from '../../registry.ts';
import { usableConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { announcementFor, type Notification, openNotifications, outboxOf, warningsFor } from '../notify/notifiers.ts';
import type { AfterRun, EndedRun } from './run-step.ts';

/** Milliseconds: a monitor that hangs must not hold up a backup for long, nor somebody who has pressed Ctrl-C. */
const startPatience = 10_000;
const endPatience = 5000;

/** The configuration, if it names anybody who is to be told. */
const configured = async (context: CommandContext): Promise<LoadedConfig<Config> | undefined> => {
  const loaded = await usableConfiguration(context);
  return loaded !== undefined && loaded.config.notifications.length > 0 ? loaded : undefined;
};

const warn = (name: string, error: unknown, { output, messages }: CommandContext): void => {
  const { message, hint } = asFault(error);
  output.say(messages.warning(messages.notSent(name, message)));
  if (hint !== undefined) output.say(messages.hint(hint));
};

interface Ping {
  readonly notification: Notification;
  readonly notifier: Extract<Notifier, { kind: 'ping' }>;
}

const ping = async (
  { notification, notifier }: Ping,
  { moment, body }: { readonly moment: PingMoment; readonly body: string },
  { context, run }: { readonly context: CommandContext; readonly run: Run },
): Promise<void> => {
  try {
    await notifier.ping(moment, body, run);
  } catch (error) {
    warn(notification.name, error, context);
  }
};

const isPing = ({ way }: Notification): boolean => way.kind === 'ping';

const openPings = async (
  loaded: LoadedConfig<Config>,
  parts: { readonly context: CommandContext; readonly run: Run; readonly patience?: number },
): Promise<readonly Ping[]> => {
  const opened = await openNotifications(loaded.config.notifications.filter(isPing), loaded, parts);
  return opened.flatMap(({ notification, notifier }) => (notifier.kind === 'ping' ? [{ notification, notifier }] : []));
};

/** Tells monitors that a scheduled run begins; somebody who types a command sees whether it ends, and may mistype a name. */
export const pingStart = async ({ trigger }: RunStart, context: CommandContext): Promise<void> => {
  if (trigger === 'person') return;
  const loaded = await configured(context);
  if (loaded === undefined) return;
  const { run } = context;
  const pings = await openPings(loaded, { context, run, patience: startPatience });
  await Promise.all(pings.map((one) => ping(one, { moment: 'start', body: '' }, { context, run })));
};

const reportOf = ({ record, previous }: EndedRun): Report => {
  const { newest, alike } = previous ?? {};
  return createReport({ runs: [record], earlier: alike === undefined ? [] : [alike], before: newest });
};

/** The report where it is wanted; and that a disk fills up, which changes nothing of the verdict, and is news to everybody. */
const messagesFor = (
  notification: Notification,
  report: Report,
  loaded: LoadedConfig<Config>,
  context: CommandContext,
): readonly Announcement[] => [
  ...(isWanted(notification.when, report) ? [announcementFor(notification, report, loaded, context)] : []),
  ...warningsFor(notification, report, loaded, context),
];

/** Keeps what people are to be told, so that the next run sends it should this one be killed before it can. */
export const keepMessages: AfterRun = async (ended, context) => {
  const loaded = await configured(context);
  if (loaded === undefined) return;
  const report = reportOf(ended);
  const outbox = outboxOf(loaded, context);
  for (const notification of loaded.config.notifications) {
    if (isPing(notification)) continue;
    for (const message of messagesFor(notification, report, loaded, context)) {
      await outbox.keep(notification.name, message);
    }
  }
};

/** Tells everybody how a run ended. After an interruption monitors are told shortly, and messages wait for the next run. */
export const notifyEnd: AfterRun = async (ended, context) => {
  const loaded = await configured(context);
  if (loaded === undefined) return;
  const report = reportOf(ended);
  const announce = (notification: Notification): Announcement => announcementFor(notification, report, loaded, context);
  const interrupted = context.run.signal.aborted;
  const run: Run = interrupted ? { ...context.run, signal: new AbortController().signal } : context.run;
  const pings = await openPings(loaded, { context, run, ...(interrupted ? { patience: endPatience } : {}) });
  const pingEnd = (one: Ping): Promise<void> => {
    const { text } = announce(one.notification);
    const end =
      ended.record.exitCode === 0
        ? ({ moment: 'success', body: text } as const)
        : ({ moment: 'failure', body: failureBody(text, ended.log) } as const);
    return ping(one, end, { context, run });
  };
  await Promise.all([
    ...pings.map(pingEnd),
    deliverAll(loaded, context, (notification) => messagesFor(notification, report, loaded, context)),
  ]);
};

/** What a notifier has to say is told also by a quiet run, which a timer's is. */
const warningRun = (name: string, { run, output, messages }: CommandContext): Run => ({
  signal: run.signal,
  now: () => run.now(),
  emit: (event) => {
    if (event.kind === 'notice') output.say(messages.warning(`${name}: ${event.message}`));
    else run.emit(event);
  },
});

const deliverAll = async (
  loaded: LoadedConfig<Config>,
  context: CommandContext,
  announcements: (notification: Notification) => readonly Announcement[],
): Promise<void> => {
  const { run } = context;
  const outbox = outboxOf(loaded, context);
  const waiting = await outbox.waiting(Number(run.now() / 1_000_000n), ({ message }) =>
    context.output.say(context.messages.warning(message)),
  );
  const messages = loaded.config.notifications.filter((notification) => !isPing(notification));
  const opened = await openNotifications(messages, loaded, { context, run });
  await Promise.all(
    opened.map(async ({ notification, notifier }) => {
      if (notifier.kind !== 'message') return;
      const { name } = notification;
      const news = announcements(notification);
      const isNews = (id: string): boolean => news.some((one) => one.id === id);
      // What is new was kept already.
      let earlier = waiting.filter((one) => one.notification === name && !isNews(one.announcement.id));
      const [first, ...others] = news;
      for (const announcement of [first, ...others]) {
        const order = { notification: name, notifier, earlier, announcement, outbox };
        earlier = [];
        try {
          tell(await deliver(order, warningRun(name, context)), context);
        } catch (error) {
          warn(name, error, context);
        }
      }
    }),
  );
};

const tell = ({ notification, waiting, faults }: Delivery, context: CommandContext): void => {
  // A service that refuses several messages says the same of each.
  const told = new Map(faults.map((fault) => [fault.message, fault]));
  for (const fault of told.values()) warn(notification, fault, context);
  if (waiting > 0) context.output.say(context.messages.hint(context.messages.waitsInOutbox(waiting)));
};
