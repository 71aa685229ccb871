import type { Announcement, Notifier } from '../contract/notification.ts';
import type { Run } from '../contract/run.ts';
import { asFault, type Fault } from '../model/fault.ts';
import type { Outbox, WaitingMessage } from './outbox.ts';

/** How it went with one notification. */
export interface Delivery {
  readonly notification: string;
  readonly sent: number;
  /** How many lie in the outbox now. */
  readonly waiting: number;
  /** Why something waits. */
  readonly fault?: Fault;
}

export interface DeliveryOrder {
  readonly notification: string;
  readonly notifier: Extract<Notifier, { kind: 'message' }>;
  /** What could not be sent before, oldest first. */
  readonly earlier: readonly WaitingMessage[];
  /** Undefined: there is nothing new to tell. */
  readonly announcement: Announcement | undefined;
  readonly outbox: Outbox;
}

/**
 * Sends what waits, and then what is new, in this order. After the first failure nothing more is tried: it all goes, or stays, into
 * the outbox. Rejects only when the outbox cannot be written.
 */
export const deliver = async (order: DeliveryOrder, run: Run): Promise<Delivery> => {
  const { notification, notifier, earlier, announcement, outbox } = order;
  let [sent, waiting] = [0, 0];
  let fault: Fault | undefined;
  const attempt = async (message: Announcement): Promise<boolean> => {
    if (fault !== undefined) return false;
    try {
      await notifier.send(message, run);
      sent++;
      return true;
    } catch (error) {
      fault = asFault(error);
      return false;
    }
  };
  for (const message of earlier) {
    if (await attempt(message.announcement)) await outbox.remove(message);
    else waiting++;
  }
  if (announcement !== undefined && !(await attempt(announcement))) {
    await outbox.keep(notification, announcement);
    waiting++;
  }
  return { notification, sent, waiting, ...(fault === undefined ? {} : { fault }) };
};
