import { terminalLine } from '../../mail/terminal-text.ts';
import type { ComponentRecord, JobRecord } from '../../model/run-record.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import { brakeText } from '../account/brake-text.ts';
import type { Messages } from '../catalogue/english.ts';

const componentLine = (component: ComponentRecord, messages: Messages): string => {
  const { name, outcome, attempts, files, bytes, writtenBytes, duration, unreadable } = component;
  const text =
    outcome.kind === 'failed'
      ? messages.componentFailed(name, attempts, terminalLine(outcome.fault.message))
      : messages.componentGood({
          name,
          files,
          bytes: formatBytes(bytes),
          written: formatBytes(writtenBytes),
          duration: formatDuration(duration),
          unreadable,
        });
  return `  ${text}`;
};

/** What a person reads of a night of a server. */
export const serverLines = ({ name, host, outcome, server }: JobRecord, messages: Messages): readonly string[] => {
  const { components = [], disk, backup, snapshot, removed = 0, scrub, warnings = [] } = server ?? {};
  return [
    messages.accountHeading(name, host),
    ...components.map((component) => componentLine(component, messages)),
    ...(backup === undefined ? [] : [`  ${messages.serverBackup(backup, disk?.path ?? '')}`]),
    ...(snapshot === undefined ? [] : [messages.accountSnapshot(snapshot.slice(0, 8))]),
    ...(removed === 0 ? [] : [`  ${messages.serverRemoved(removed)}`]),
    ...(scrub === undefined ? [] : [`  ${messages.serverScrubbed(formatBytes(scrub.bytes), scrub.bad, scrub.mended)}`]),
    ...(disk === undefined ? [] : [`  ${messages.serverDisk(disk.usedPercent, formatBytes(disk.free))}`]),
    ...(disk?.forecast === undefined
      ? []
      : [`  ${messages.spaceForecast(disk.forecast.days, formatBytes(disk.forecast.bytesPerDay))}`]),
    ...warnings.map((warning) => `  ${messages.warning(terminalLine(warning))}`),
    ...(outcome.kind === 'failed'
      ? [
          `  ${messages.serverFailed(terminalLine(outcome.fault.message))}`,
          ...(outcome.fault.hint === undefined ? [] : [`  ${messages.hint(outcome.fault.hint)}`]),
        ]
      : []),
    ...(outcome.kind === 'held'
      ? [
          messages.brakeHolds(),
          ...outcome.reasons.map((reason) => messages.brakeReason(brakeText(reason, messages))),
          messages.brakeConfirm(name),
        ]
      : []),
    ...(outcome.kind === 'incomplete'
      ? [`  ${messages.upkeepIncomplete(messages.reasonLacking(outcome.reason, outcome.count)).trim()}`]
      : []),
  ];
};

/** The same as a line of `--json`. */
export const serverJson = ({ name, host, outcome, server }: JobRecord): string =>
  JSON.stringify({
    message_type: 'server',
    server: name,
    host,
    outcome: outcome.kind,
    ...(outcome.kind === 'failed'
      ? { fault: outcome.fault.code, message: outcome.fault.message, hint: outcome.fault.hint }
      : {}),
    ...(outcome.kind === 'held' ? { reasons: outcome.reasons } : {}),
    ...(outcome.kind === 'incomplete' ? { reason: outcome.reason, count: outcome.count } : {}),
    backup: server?.backup,
    snapshot_id: server?.snapshot,
    critical: server?.isCritical,
    backups_removed: server?.removed,
    scrub: server?.scrub && {
      files_read: server.scrub.files,
      bytes_read: server.scrub.bytes,
      bad: server.scrub.bad,
      mended: server.scrub.mended,
    },
    warnings: server?.warnings,
    disk: server?.disk && {
      path: server.disk.path,
      mount_point: server.disk.mountPoint,
      bytes_total: server.disk.total,
      bytes_used: server.disk.used,
      bytes_free: server.disk.free,
      used_percent: server.disk.usedPercent,
      full_in_days: server.disk.forecast?.days,
      bytes_per_day: server.disk.forecast?.bytesPerDay,
    },
    components: server?.components.map((component) => ({
      component: component.name,
      outcome: component.outcome.kind,
      ...(component.outcome.kind === 'failed'
        ? { fault: component.outcome.fault.code, message: component.outcome.fault.message }
        : {}),
      attempts: component.attempts,
      files: component.files,
      bytes: component.bytes,
      bytes_written: component.writtenBytes,
      entries_unreadable: component.unreadable,
      seconds: component.duration / 1000,
    })),
  });
