import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { Announcement, Notifier } from '../../contract/notification.ts';
import type { Run } from '../../contract/run.ts';
import { type Outbox, openOutbox } from '../../notify/outbox.ts';
import { announcementOf, capacityAnnouncements } from '../../operation/report/announcement.ts';
import type { Drawing } from '../../operation/report/drawing.ts';
import type { Report } from '../../operation/report/report.ts';
import { type Config, notifierOf } from '../../registry.ts';
import { accountParts } from '../account/named-account.ts';
import { messagesIn } from '../catalogue/messages.ts';
import type { CommandContext } from '../context.ts';
import { logFolder } from '../log/run-log.ts';

export type Notification = Config['notifications'][number];

/** An entry of `notifications:`, ready to be used. */
export interface OpenNotification {
  readonly notification: Notification;
  readonly notifier: Notifier;
}

/** @param patience milliseconds for each; default 30 s. */
export const openNotifications = (
  wanted: readonly Notification[],
  { config }: LoadedConfig<Config>,
  { context, run, patience }: { readonly context: CommandContext; readonly run: Run; readonly patience?: number },
): Promise<readonly OpenNotification[]> => {
  const settings = {
    ...accountParts(context),
    variables: context.environment.variables,
    ...(patience === undefined ? {} : { patience }),
  };
  return Promise.all(
    wanted.map(async (notification) => ({
      notification,
      notifier: await notifierOf(notification, { config, settings }, run),
    })),
  );
};

const drawingFor = (
  { language }: Pick<Notification, 'language'>,
  { config }: LoadedConfig<Config>,
  context: Pick<CommandContext, 'environment'>,
): Drawing => ({
  words: messagesIn(language ?? config.language ?? context.environment.language),
  timeZone: config.timeZone,
  logFile: join(logFolder(config.log, context), 'mailkeep.log'),
});

/** A report in the language of a notification. */
export const announcementFor = (
  notification: Pick<Notification, 'language'>,
  report: Report,
  loaded: LoadedConfig<Config>,
  context: Pick<CommandContext, 'environment'>,
): Announcement => announcementOf(report, drawingFor(notification, loaded, context));

/** What is told besides the report, in the language of a notification. */
export const warningsFor = (
  notification: Pick<Notification, 'language'>,
  report: Report,
  loaded: LoadedConfig<Config>,
  context: Pick<CommandContext, 'environment'>,
): readonly Announcement[] => capacityAnnouncements(report, drawingFor(notification, loaded, context));

/** What waits is that of one configuration: two may have notifications of the same name. */
export const outboxOf = (
  { file }: Pick<LoadedConfig<Config>, 'file'>,
  { environment }: Pick<CommandContext, 'environment'>,
): Outbox => {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 16);
  return openOutbox(join(environment.stateDirectory, 'outbox', name));
};
