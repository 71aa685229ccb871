import { imapLatency } from './imap-account.ts';
import type { Series } from './series.ts';

/** Rows of an IMAP account, against programs that bring such mail home. Of 50,000 messages: 6,500 in 205 MB, and 500,000. */
export function imapSeries(messages: number): Series[] {
  const account = Math.round(messages * 0.13);
  const large = messages * 10;
  const count = (number: number): string => number.toLocaleString('en-GB');
  return [
    {
      mailbox: 'standard',
      messages: account,
      account: { folders: 10, latency: 0 },
      rows: [{ id: 'imap-first', title: `first capture over IMAP, ${count(account)}`, action: 'first' }],
    },
    {
      mailbox: 'standard',
      messages: account,
      account: { folders: 200, latency: imapLatency },
      rows: [
        {
          id: 'imap-unchanged',
          title: `nothing changed over IMAP, 200 folders ${imapLatency} ms away`,
          action: 'unchanged',
        },
      ],
    },
    {
      mailbox: 'tiny',
      messages: large,
      // offlineimap would be at it for an hour.
      account: { folders: 20, latency: 0, programs: ['mailkeep', 'mailkeep mirror', 'mirror alone', 'mbsync'] },
      rows: [
        { id: 'imap-large', title: `first capture over IMAP, ${count(large)}`, action: 'first', once: true },
        { id: 'imap-large-unchanged', title: `nothing changed over IMAP, ${count(large)}`, action: 'unchanged' },
      ],
    },
  ];
}
