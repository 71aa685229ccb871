import type { Delivery } from '../../../contract/drill.ts';

/** How the log calls a recipient, and what has become of it. */
const line = /^(\w+): to=<([^>]*)>, (?:orig_to=<([^>]*)>, )?.*\bstatus=(\w+) \((.*)\)$/;

const afterHeader = (text: string): string => text.replace(/^.*?\bpostfix(?:\/[\w-]+)+\[\d+\]: /, '');

/**
 * What a log of Postfix says has become of a message; undefined while it is still in the queue.
 *
 * @param id What Postfix called it when it took it.
 */
export const outcomeIn = (log: string, id: string): readonly Delivery[] | undefined => {
  const deliveries: Delivery[] = [];
  for (const text of log.split('\n').map(afterHeader)) {
    if (text === `${id}: removed`) return deliveries;
    const [, own, recipient = '', originally = recipient, status, said = ''] = line.exec(text) ?? [];
    if (own === id) deliveries.push({ recipient, originally, isDelivered: status === 'sent', said });
  }
  return undefined;
};
