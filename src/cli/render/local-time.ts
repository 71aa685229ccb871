import type { Nanoseconds } from '../../model/entry.ts';
import { formatTime, localOffsetMinutes } from '../../store/restic/format/time-format.ts';

/** `2026-01-31 03:00:00` on this machine's clock. */
export const localTime = (nanoseconds: Nanoseconds): string =>
  formatTime(nanoseconds, localOffsetMinutes(nanoseconds)).slice(0, 19).replace('T', ' ');
