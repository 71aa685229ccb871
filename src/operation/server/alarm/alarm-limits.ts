/** When a night of a server looks like rot, theft or ransomware. Shares are 0 to 1. */
export interface AlarmLimits {
  /** Share of the messages of a mailbox, or of all, that may be gone, as long as these are fewer than so many. */
  readonly goneShare: number;
  readonly goneMessages: number;
  /** So many messages may not have other bytes than they had under the same name. */
  readonly changedBodies: number;
  /** Share of new and changed messages that may not be no mail. */
  readonly oddShare: number;
  /** Share by which a dump may not be smaller than is usual. */
  readonly dumpShrinks: number;
  /** So many deliveries in the log may not be without any new message. */
  readonly deliveries: number;
}

export const usualAlarmLimits: AlarmLimits = {
  goneShare: 0.2,
  goneMessages: 50,
  changedBodies: 5,
  oddShare: 0.3,
  dumpShrinks: 0.5,
  deliveries: 10,
};
