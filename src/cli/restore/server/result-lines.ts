import { terminalLine } from '../../../mail/terminal-text.ts';
import { displayText } from '../../../model/byte-string.ts';
import { formatDuration } from '../../../model/size.ts';
import type { ComponentResult, ServerRestoreReport } from '../../../operation/server/restore/restore-server.ts';
import type { CommandContext } from '../../context.ts';
import { amountOf, countsRecord } from '../restore-plan.ts';

const isGood = (result: ComponentResult): boolean => {
  switch (result.kind) {
    case 'files':
      return result.outcome.failed === 0 && (result.outcome.differences ?? 0) === 0;
    case 'database':
      return result.report.failed.length === 0;
    default:
      return false;
  }
};

/** Whether all that was asked for is there as it should be. */
export const isWholeRestore = ({ components, services }: ServerRestoreReport): boolean =>
  components.every(isGood) && services.length === 0;

const resultLines = (result: ComponentResult, { messages }: CommandContext): readonly string[] => {
  const { name } = result;
  const hinted = (message: string, hint: string | undefined): readonly string[] => [
    terminalLine(message),
    ...(hint === undefined ? [] : [messages.hint(terminalLine(hint))]),
  ];
  switch (result.kind) {
    case 'files': {
      const { written, left, failed, differences, notRestored } = result.outcome;
      return [
        messages.componentRestored(name, amountOf(written), amountOf(left)),
        ...[...notRestored].map(([kind, count]) => messages.notRestoredHere(kind, count)),
        ...(failed > 0 ? [messages.restoreFailed(failed)] : []),
        ...(differences === undefined
          ? []
          : [differences === 0 ? messages.verified() : messages.verifiedWrong(differences)]),
      ];
    }
    case 'database':
      return [
        ...result.report.restored.map(({ into, tables, rows }) => messages.dumpRestored(name, into, tables, rows)),
        ...result.report.failed.flatMap(({ into, fault }) =>
          hinted(messages.dumpNotRestored(name, into, fault.message), fault.hint),
        ),
      ];
    case 'failed':
      return hinted(messages.componentNotRestored(name, result.fault.message), result.fault.hint);
    case 'left':
      return [messages.componentNotBegun(name)];
  }
};

const resultRecord = (result: ComponentResult) => {
  const common = { component: result.name, complete: isGood(result) };
  switch (result.kind) {
    case 'files': {
      const { written, left, failed, differences, notRestored } = result.outcome;
      return {
        ...common,
        restored: countsRecord(written),
        left: countsRecord(left),
        entries_failed: failed,
        differences,
        not_restored: Object.fromEntries(notRestored),
      };
    }
    case 'database': {
      const { restored, failed } = result.report;
      return {
        ...common,
        databases: restored.map(({ file, into, tables, rows }) => ({ file: displayText(file), into, tables, rows })),
        failed: failed.map(({ into, fault }) => ({
          into,
          fault: fault.code,
          message: fault.message,
          hint: fault.hint,
        })),
      };
    }
    case 'failed':
      return { ...common, fault: result.fault.code, message: result.fault.message };
    case 'left':
      return { ...common, begun: false };
  }
};

/** What was done, and how long it took. */
export const printServerRestore = (
  report: ServerRestoreReport,
  milliseconds: number,
  context: CommandContext,
): void => {
  const { output, messages, options } = context;
  output.update(undefined);
  if (options.json) {
    output.print(
      JSON.stringify({
        message_type: 'summary',
        seconds_elapsed: Math.floor(milliseconds / 1000),
        components: report.components.map(resultRecord),
        services_failed: report.services.map(({ message }) => message),
        complete: isWholeRestore(report),
      }),
    );
    return;
  }
  for (const result of report.components) for (const line of resultLines(result, context)) output.print(line);
  for (const { message } of report.services) output.print(messages.servicesFailed(terminalLine(message)));
  output.print(
    isWholeRestore(report)
      ? messages.serverRestored(formatDuration(milliseconds))
      : messages.serverNotRestored(formatDuration(milliseconds)),
  );
};
