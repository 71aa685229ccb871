import { terminalLine } from '../../mail/terminal-text.ts';
import { type Hold, type HoldDoubt, type HoldSubject, isDue } from '../../model/hold.ts';
import type { Messages } from '../catalogue/english.ts';
import { localTime } from '../render/local-time.ts';
import { tableLines } from '../render/table.ts';

/** A hold and how many things it holds in each place. */
export interface ShownHold {
  readonly hold: Hold;
  readonly places: readonly { readonly name: string; readonly held: readonly string[]; readonly isReleased: boolean }[];
}

const shortIds = (ids: readonly string[]): string => ids.map((id) => id.slice(0, 8)).join(', ');

export const subjectText = (subject: HoldSubject, messages: Messages): string => {
  switch (subject.kind) {
    case 'snapshots':
      return messages.holdSnapshots(shortIds(subject.ids));
    case 'days':
      return messages.holdDays(subject.days.map(({ place }) => terminalLine(place)).join(', '));
    case 'address':
      return messages.holdMailbox(terminalLine(subject.address));
    case 'folder':
      return messages.holdMailbox(terminalLine(subject.path));
    case 'account':
      return messages.holdAccount(terminalLine(subject.name), subject.folders.length > 0);
    case 'server':
      return messages.holdServer(terminalLine(subject.name));
    case 'everything':
      return messages.holdEverything();
  }
};

const timeText = (time: string): string => {
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? '' : localTime(BigInt(milliseconds) * 1_000_000n);
};

const reasonLines = (hold: Hold, today: string, messages: Messages): readonly string[] => {
  const { entry, release } = hold;
  if (entry === undefined) return [];
  const { until, caseId } = entry;
  return [
    terminalLine(entry.reason),
    ...(caseId === undefined ? [] : [messages.holdCase(terminalLine(caseId))]),
    messages.holdBy(terminalLine(entry.user), terminalLine(entry.host)),
    ...(until === undefined || release !== undefined
      ? []
      : [isDue(hold, today) ? messages.holdDue(terminalLine(until)) : messages.holdUntil(terminalLine(until))]),
    ...(release === undefined
      ? []
      : [
          messages.holdReleased(
            timeText(release.time),
            terminalLine(release.user),
            terminalLine(release.host),
            terminalLine(release.reason),
          ),
        ]),
  ];
};

/** The table of `hold list`. */
export const holdLines = (shown: readonly ShownHold[], today: string, messages: Messages): readonly string[] => {
  if (shown.length === 0) return [messages.holdNone()];
  const { id, since, what, reason, where } = messages.holdColumns();
  const rows = shown.map(({ hold, places }) => [
    [hold.id],
    [timeText(hold.entry?.time ?? '')],
    hold.subjects.map((subject) => subjectText(subject, messages)),
    reasonLines(hold, today, messages),
    places.map((place) => messages.holdThere(place.name, place.held.length)),
  ]);
  return tableLines([id, since, what, reason, where], rows);
};

/** A line of `--json`. */
export const holdRecord = ({ hold, places }: ShownHold): Record<string, unknown> => {
  const { id, entry, release, subjects } = hold;
  return {
    id,
    standing: release === undefined,
    time: entry?.time,
    host: entry?.host,
    user: entry?.user,
    reason: entry?.reason,
    case: entry?.caseId,
    until: entry?.until,
    subjects,
    release:
      release === undefined
        ? undefined
        : { time: release.time, host: release.host, user: release.user, reason: release.reason },
    places: places.map(({ name, held, isReleased }) => ({ name, standing: !isReleased, held })),
  };
};

export const doubtText = (doubt: HoldDoubt, place: string, messages: Messages): string => {
  switch (doubt.kind) {
    case 'forged':
      return messages.holdForged(doubt.hold, place);
    case 'release-not-believed':
      return messages.holdStrangeRelease(doubt.hold, place);
    case 'unreadable':
      return messages.holdUnreadable(doubt.id, place, doubt.isRepeated);
  }
};
