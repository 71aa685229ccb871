import { wallTime } from '../model/local-time.ts';

/*
 * Deliveries into mailboxes, as logs of mail servers tell them: `status=sent` of Postfix's local, virtual, lmtp and pipe agents, and
 * Dovecot's `saved mail to` (LMTP and LDA). What left for elsewhere is none, nor what is handed to a filter on this machine, which
 * comes back and is delivered by another line.
 */
const postfix = /\bpostfix(?:-[\w.]+)?\/(?:local|virtual|lmtp)\[\d+\]: .*\bstatus=sent\b/;
const postfixPipe = /\bpostfix(?:-[\w.]+)?\/pipe\[\d+\]: .*\brelay=(?:dovecot|maildrop|deliver)\b.*\bstatus=sent\b/;
const toFilter = /\brelay=(?:127\.0\.0\.1|localhost)\b[^,]*:10\d{3}\b/;
const dovecot = /\b(?:lmtp|lda|deliver)\([^)]*\).*: saved mail to /;

/** Whether a line tells of a message that went into a mailbox. */
export const isDelivery = (line: string): boolean =>
  dovecot.test(line) || postfixPipe.test(line) || (postfix.test(line) && !toFilter.test(line));

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const isoTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))/;
const syslogTime = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d) /;

export interface LogWindow {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  /** Of the clock that wrote the log; without one, that of the system. */
  readonly timeZone?: string | undefined;
}

/** Without the year, which a line of syslog does not have (RFC 3164). */
const yearless = (milliseconds: number, timeZone: string | undefined): string => {
  const { date, time } = wallTime(milliseconds, timeZone);
  return `${date.slice(5)} ${time}`;
};

/** Whether a line was written in a window that is shorter than a year; false where it does not say. */
export const createWindow = ({ since, until, timeZone }: LogWindow): ((line: string) => boolean) => {
  const [first, last] = [yearless(since, timeZone), yearless(until, timeZone)];
  return (line) => {
    const iso = isoTime.exec(line)?.[1];
    if (iso !== undefined) {
      const time = Date.parse(iso);
      return time >= since && time <= until;
    }
    const [, name = '', day = '', time = ''] = syslogTime.exec(line) ?? [];
    const month = months.indexOf(name);
    if (month < 0) return false;
    const own = `${String(month + 1).padStart(2, '0')}-${day.padStart(2, '0')} ${time}`;
    // Around the turn of the year the end comes before the beginning.
    return first <= last ? own >= first && own <= last : own >= first || own <= last;
  };
};
