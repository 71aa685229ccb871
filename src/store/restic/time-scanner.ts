import type { Nanoseconds } from '../../model/entry.ts';
import { joinTime, parseTime } from './time-format.ts';

const prefixLength = 'YYYY-MM-DDTHH:MM:'.length;

const digit = (byte: number | undefined): number => (byte ?? 0) - 0x30;

/** Nanoseconds of 0001-01-01T00:00:00Z, which is what Go reads where a time is missing. */
export const missingTime: Nanoseconds = -62_135_596_800_000_000_000n;

/** Reads times out of JSON bytes. Remembers the last one: most nodes of a tree share minute and zone. */
export class TimeScanner {
  nanoseconds: Nanoseconds = missingTime;
  offsetMinutes = 0;
  private readonly prefix = new Uint8Array(prefixLength);
  private zone = new Uint8Array(0);
  private minute = Number.NaN;
  private knownOffset = 0;

  reset(): void {
    this.nanoseconds = missingTime;
    this.offsetMinutes = 0;
  }

  /** Takes over what `other` has read. */
  copy(other: TimeScanner): void {
    this.nanoseconds = other.nanoseconds;
    this.offsetMinutes = other.offsetMinutes;
  }

  /** Whether a time stands there; it is then in `nanoseconds` and `offsetMinutes`. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    return this.scanKnown(bytes, start, end) || this.scanAny(bytes, start, end);
  }

  private scanKnown(bytes: Uint8Array, start: number, end: number): boolean {
    const { prefix, zone } = this;
    const zoneStart = end - zone.length;
    let at = start + prefixLength;
    if (zoneStart < at + 2) return false;
    for (let index = 0; index < prefixLength; index++) if (bytes[start + index] !== prefix[index]) return false;
    for (let index = 0; index < zone.length; index++) if (bytes[zoneStart + index] !== zone[index]) return false;
    const tens = digit(bytes[at++]);
    const ones = digit(bytes[at++]);
    if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return false;
    let rest = 0;
    if (at < zoneStart) {
      if (bytes[at] !== 0x2e || zoneStart - at < 2 || zoneStart - at > 10) return false;
      let scale = 1_000_000_000;
      while (++at < zoneStart) {
        const value = digit(bytes[at]);
        if (value < 0 || value > 9) return false;
        rest = rest * 10 + value;
        scale /= 10;
      }
      rest *= scale;
    }
    this.nanoseconds = joinTime(this.minute + tens * 10 + ones, rest);
    this.offsetMinutes = this.knownOffset;
    return true;
  }

  private scanAny(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > 1000) return false;
    const text = String.fromCharCode(...bytes.subarray(start, end));
    const time = parseTime(text);
    if (time === undefined) return false;
    this.nanoseconds = time.nanoseconds;
    this.offsetMinutes = time.offsetMinutes;
    const ofMinute = parseTime(`${text.slice(0, prefixLength)}00${text.slice(text.search(/(?:Z|[+-]\d\d:\d\d)$/))}`);
    if (ofMinute === undefined) return true;
    this.prefix.set(bytes.subarray(start, start + prefixLength));
    this.zone = bytes.slice(text.endsWith('Z') ? end - 1 : end - 6, end);
    this.minute = Number(ofMinute.nanoseconds / 1_000_000_000n);
    this.knownOffset = time.offsetMinutes;
    return true;
  }
}
