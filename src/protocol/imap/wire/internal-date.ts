/** When the server received a message: INTERNALDATE. */
export interface InternalDate {
  /** Seconds since 1970-01-01T00:00:00Z. */
  readonly seconds: number;
  /** The zone in which the server tells it, in minutes east of Greenwich. */
  readonly zoneMinutes: number;
}

const months = 'janfebmaraprmayjunjulaugsepoctnovdec';
const pattern =
  /^\s*(\d{1,2})-([A-Za-z]{3})-(\d{4})\s+(\d{1,2}):(\d{2}):(\d{2})(?:\s+([+-])(\d{2})(\d{2})|\s+\S+)?\s*$/;

/** Days from 1970-01-01 in the Gregorian calendar; `month` is 1 to 12. */
const daysOf = (year: number, month: number, day: number): number => {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
};

/** `17-Jul-1996 02:44:25 -0700` (RFC 3501 section 9, date-time); undefined for what is no date. */
export const parseInternalDate = (text: string): InternalDate | undefined => {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, day = '', month = '', year = '', hours = '', minutes = '', seconds = '', sign, zoneHours, zoneMinutes] =
    match;
  const at = months.indexOf(month.toLowerCase());
  if (at < 0 || at % 3 !== 0) return undefined;
  const days = daysOf(Number(year), at / 3 + 1, Number(day));
  const zone = sign === undefined ? 0 : (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
  const local = days * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return { seconds: local - zone * 60, zoneMinutes: zone };
};

const two = (value: number): string => String(value).padStart(2, '0');

/** The form in which APPEND takes a date, day padded with a zero. */
export const formatInternalDate = ({ seconds, zoneMinutes }: InternalDate): string => {
  const local = new Date((seconds + zoneMinutes * 60) * 1000);
  const month = local.getUTCMonth() * 3;
  const name = `${months.charAt(month).toUpperCase()}${months.slice(month + 1, month + 3)}`;
  const date = `${two(local.getUTCDate())}-${name}-${String(local.getUTCFullYear()).padStart(4, '0')}`;
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const zone = Math.abs(zoneMinutes);
  return `${date} ${time} ${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(zone / 60))}${two(zone % 60)}`;
};

/** Many messages of one moment, such as an import, tell it in the same words. */
export const createDateReader = (): ((text: string) => InternalDate | undefined) => {
  let lastText: string | undefined;
  let last: InternalDate | undefined;
  return (text) => {
    if (text !== lastText) {
      lastText = text;
      last = parseInternalDate(text);
    }
    return last;
  };
};
