import type { HoldEntry, HoldSubject } from './hold.ts';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string';

const textsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every(isText) ? value : undefined;

const daysOf = (value: unknown): (HoldSubject & { readonly kind: 'days' })['days'] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  const days = items.flatMap((item) => {
    if (!isFields(item)) return [];
    const { place, started } = item;
    return isText(place) && typeof started === 'number' ? [{ place, started }] : [];
  });
  return days.length === items.length ? days : undefined;
};

/** Undefined: of a later version, or damaged. */
const subjectOf = (value: unknown): HoldSubject | undefined => {
  if (!isFields(value)) return undefined;
  const { kind } = value;
  switch (kind) {
    case 'snapshots': {
      const ids = textsOf(value['ids']);
      return ids === undefined ? undefined : { kind, ids };
    }
    case 'days': {
      const days = daysOf(value['days']);
      return days === undefined ? undefined : { kind, days };
    }
    case 'address': {
      const [address, paths] = [value['address'], textsOf(value['paths'])];
      return isText(address) && paths !== undefined ? { kind, address, paths } : undefined;
    }
    case 'folder':
      return isText(value['path']) ? { kind, path: value['path'] } : undefined;
    case 'account': {
      const { name } = value;
      const [paths, folders] = [textsOf(value['paths']), textsOf(value['folders'])];
      return isText(name) && paths !== undefined && folders !== undefined ? { kind, name, paths, folders } : undefined;
    }
    case 'server':
      return isText(value['name']) ? { kind, name: value['name'] } : undefined;
    case 'everything':
      return { kind };
    default:
      return undefined;
  }
};

const isId = (value: unknown): value is string => isText(value) && /^[0-9a-f]{16}$/.test(value);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Reads a line of the log of holds; undefined for what is none that this version understands. */
export const parseHoldLine = (text: string): HoldEntry | undefined => {
  const fields = parsed(text);
  if (!isFields(fields) || fields['version'] !== 1) return undefined;
  const { id, hold, time, host, user, reason, kind, case: caseId, until } = fields;
  if (!isId(id) || !isId(hold) || !isText(time) || !isText(host) || !isText(user) || !isText(reason)) return undefined;
  const common = { id, hold, time, host, user, reason };
  if (kind === 'release') return { ...common, kind };
  const subject = subjectOf(fields['subject']);
  if (kind !== 'hold' || subject === undefined) return undefined;
  return {
    ...common,
    kind,
    subject,
    ...(isText(caseId) ? { caseId } : {}),
    ...(isText(until) ? { until } : {}),
  };
};

/** A line with its end, as it is signed: `{"version":1,"kind":"hold",…}\n`. */
export const formatHoldLine = (entry: HoldEntry): string => {
  const { id, hold, time, host, user, reason, kind } = entry;
  const common = { version: 1, kind, id, hold, time, host, user, reason };
  if (entry.kind === 'release') return `${JSON.stringify(common)}\n`;
  const { subject, caseId, until } = entry;
  return `${JSON.stringify({ ...common, case: caseId, until, subject })}\n`;
};
