import { plural } from './plural.ts';

/** Of notifications and of `report`. */
export const notifyMessages = {
  newestRunIs: (state: 'cut-off' | 'under-way', id: string): string =>
    state === 'under-way'
      ? `A run is under way (${id}); this is about the one before it.`
      : `The newest run (${id}) was cut off, and left no record; this is about the one before it.`,
  notSent: (name: string, sentence: string): string => `the notification ${name} was not sent: ${sentence}`,
  waitsInOutbox: (count: number): string =>
    `${plural(count, 'message waits', 'messages wait')} for the next run, which tries again.`,
  testSent: (name: string): string => `${name}: sent`,
  testSubject: (date: string): string => `Mailkeep: this is a test - ${date}`,
  testText: (machine: string, time: string): string =>
    `This is a test of the notifications of Mailkeep on ${machine}, sent at ${time}. Nothing is to be done.`,
  notificationColumns: () => ({ name: 'Name', kind: 'Kind', when: 'When', waits: 'Waiting' }),
};
