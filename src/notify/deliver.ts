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
  /** Why something waits, was dropped, or could not be kept. */
  readonly faults: readonly Fault[];
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

interface Attempt {
  readonly announcement: Announcement;
  /** Undefined: it could not be kept. */
  readonly kept: WaitingMessage | undefined;
}

/** What says nothing about the message: a person mends the password, the certificate or the setting, and then it can be sent. */
const mendable: readonly Fault['code'][] = [
  'interrupted',
  'credentials-refused',
  'certificate-untrusted',
  'configuration',
];

const isPassing = ({ retry, code }: Fault): boolean => retry || mendable.includes(code);

const faultOf = async (work: Promise<unknown>): Promise<Fault | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return asFault(error);
  }
};

/** What is new is kept before it is tried, so that it outlives a process that is killed meanwhile. */
const attemptsOf = async (order: DeliveryOrder, faults: Fault[]): Promise<readonly Attempt[]> => {
  const { notification, earlier, announcement, outbox } = order;
  const attempts: Attempt[] = earlier.map((kept) => ({ announcement: kept.announcement, kept }));
  if (announcement === undefined) return attempts;
  let kept: WaitingMessage | undefined;
  try {
    kept = await outbox.keep(notification, announcement);
  } catch (error) {
    faults.push(asFault(error));
  }
  return [...attempts, { announcement, kept }];
};

/**
 * Sends what waits, and then what is new, in this order. A fault that trying again cannot mend drops its message; after one that
 * may pass the others wait, save for the newest, which is always tried. Never rejects: what goes wrong is in `faults`.
 */
export const deliver = async (order: DeliveryOrder, run: Run): Promise<Delivery> => {
  const { notification, notifier, outbox } = order;
  const faults: Fault[] = [];
  const attempts = await attemptsOf(order, faults);
  let [sent, waiting, isHeldUp] = [0, 0, false];
  for (const attempt of attempts) {
    const { announcement, kept } = attempt;
    if (isHeldUp && attempt !== attempts.at(-1)) {
      waiting++;
      continue;
    }
    const fault = await faultOf(notifier.send(announcement, run));
    if (fault === undefined) sent++;
    else faults.push(fault);
    if (fault !== undefined && isPassing(fault)) {
      isHeldUp = true;
      if (kept !== undefined) waiting++;
    } else if (kept !== undefined) {
      const left = await faultOf(outbox.remove(kept));
      if (left !== undefined) faults.push(left);
    }
  }
  return { notification, sent, waiting, faults };
};
