import { parseDocument } from 'yaml';
import { interpolated } from './interpolate.ts';

/** A value as YAML has it. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };
export type Mapping = Readonly<Record<string, Value>>;

const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

const isMapping = (value: Value | undefined): value is Mapping =>
  typeof value === 'object' && value !== null && !isList(value);

export const mappingOf = (value: Value | undefined): Mapping => (isMapping(value) ? value : {});

export const listOf = (value: Value | undefined): readonly Value[] =>
  isList(value) ? value : value === undefined || value === null ? [] : [value];

/** A scalar as a text; undefined for anything else. */
export const textOf = (value: Value | undefined): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;

const isValue = (given: unknown): given is Value => {
  if (given === null || ['string', 'number', 'boolean'].includes(typeof given)) return true;
  if (typeof given !== 'object') return false;
  return Object.values(given).every(isValue);
};

export type ComposeDocument =
  | { readonly kind: 'good'; readonly value: Mapping; readonly missing: readonly string[] }
  | { readonly kind: 'bad'; readonly reason: string };

const filled = (value: Value, variables: ReadonlyMap<string, string>, missing: Set<string>): Value => {
  if (typeof value === 'string') {
    const done = interpolated(value, variables);
    for (const name of done.missing) missing.add(name);
    return done.text;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((one) => filled(one, variables, missing));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, variables, missing)]));
};

/** Reads a compose file, and fills its variables in: after it was parsed, as Compose does. */
export const composeDocument = (text: string, variables: ReadonlyMap<string, string>): ComposeDocument => {
  const document = parseDocument(text, { merge: true, logLevel: 'silent', strict: false });
  const [error] = document.errors;
  if (error !== undefined) return { kind: 'bad', reason: error.message.split('\n', 1)[0] ?? 'it is no YAML' };
  const given: unknown = document.toJS({ maxAliasCount: 1000 });
  if (!isValue(given) || Object.keys(mappingOf(given)).length === 0)
    return { kind: 'bad', reason: 'it has no services' };
  const missing = new Set<string>();
  return { kind: 'good', value: mappingOf(filled(given, variables, missing)), missing: [...missing] };
};

/** `environment:` as a mapping, whether it was written as one or as a list of `NAME=value`. */
export const environmentOf = (value: Value | undefined): ReadonlyMap<string, string> => {
  if (!isList(value)) {
    return new Map(Object.entries(mappingOf(value)).map(([name, one]) => [name, textOf(one) ?? '']));
  }
  return new Map(
    value.flatMap((one) => {
      const text = textOf(one) ?? '';
      const at = text.indexOf('=');
      return at < 0 ? [] : [[text.slice(0, at), text.slice(at + 1)] as const];
    }),
  );
};

const mountTarget = (mount: Value): string => {
  const text = textOf(mount);
  const target = text === undefined ? textOf(mappingOf(mount)['target']) : (text.split(':')[1] ?? text);
  return (target ?? '').replace(/\/+$/, '');
};

/** How one file goes over another: mappings are merged, mounts by their targets, other lists are joined. */
export const merged = (under: Value | undefined, over: Value, at = ''): Value => {
  if (under === undefined || under === null) return over;
  if (at === 'environment') return Object.fromEntries([...environmentOf(under), ...environmentOf(over)]);
  if (isList(under) && isList(over)) {
    const isReplaced = (mount: Value): boolean =>
      at === 'volumes' && over.some((one) => mountTarget(one) === mountTarget(mount));
    return [...under.filter((mount) => !isReplaced(mount)), ...over];
  }
  const [below, above] = [mappingOf(under), mappingOf(over)];
  if (Object.keys(below).length === 0 || Object.keys(above).length === 0) return over;
  const names = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const one = above[name];
      return [name, one === undefined ? (below[name] ?? null) : merged(below[name], one, name)];
    }),
  );
};
