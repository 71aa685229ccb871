import { cutText } from './cut-text.ts';

/** healthchecks.io keeps the first 100,000 bytes (healthchecks.io/docs/http_api), its older servers 10,000. */
export const mostPingBytes = 100_000;

/**
 * What a monitor gets of a failure: the report, and as much of the end of the log as there is room for. The report first, as some
 * keep no more than the beginning.
 */
export const failureBody = (report: string, log: readonly string[]): string => {
  const heading = '\n\nTHE END OF THE LOG\n';
  const told = cutText(report.trimEnd(), mostPingBytes / 2);
  let room = mostPingBytes - Buffer.byteLength(told + heading);
  const lines: string[] = [];
  for (const line of log.toReversed()) {
    room -= Buffer.byteLength(line) + 1;
    if (room < 0) break;
    lines.unshift(line);
  }
  return lines.length === 0 ? told : `${told}${heading}${lines.join('\n')}\n`;
};
