import type { Series } from './series.ts';

/** Rows of a dated disk: a first day, days after it on which 1 % of the messages are new and 1 % have other flags, and the way back. */
export function datedSeries(messages: number): Series[] {
  const count = messages.toLocaleString('en-GB');
  return [
    {
      mailbox: 'standard',
      messages,
      storage: 'dated',
      rows: [
        { id: 'dated-first', title: `first day on a dated disk, ${count}`, action: 'first' },
        { id: 'dated-next', title: `next day on a dated disk, ${count}`, action: 'changed' },
        { id: 'dated-restore', title: `restore from a dated disk, ${count}`, action: 'restore' },
      ],
    },
  ];
}
