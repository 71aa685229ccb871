import type { z } from 'zod';
import type { ConfigProblem } from './config-problem.ts';
import { newerVersion, versionOf } from './config-version.ts';
import { nearestName } from './nearest-name.ts';
import { namesAt, outlineOf, type SchemaOutline } from './schema-outline.ts';
import { parseYaml, type YamlDocument } from './yaml-document.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export type ParsedConfig<Config> =
  | { readonly kind: 'good'; readonly config: Config; readonly holdsSecret: boolean }
  | { readonly kind: 'bad'; readonly problems: readonly ConfigProblem[] };

/** Parses the text of a configuration; what is wrong with it comes all at once, in the order of the lines. */
export const parseConfig = <Schema extends z.ZodType>(text: string, schema: Schema): ParsedConfig<z.output<Schema>> => {
  const document = parseYaml(text);
  if (!('value' in document)) return { kind: 'bad', problems: document };
  const newer = newerVersion(document);
  if (newer !== undefined) return { kind: 'bad', problems: [newer] };
  if (document.value === null || document.value === undefined) {
    const hint = '`mailkeep config sample` prints one to begin with.';
    return { kind: 'bad', problems: [{ line: 1, column: 1, setting: '', message: 'the file is empty', hint }] };
  }
  const result = schema.safeParse(document.value);
  if (result.success) return { kind: 'good', config: result.data, holdsSecret: holdsSecret(document.value) };
  const outline = outlineOf(schema);
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, { document, outline, above: [] }));
  return { kind: 'bad', problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) };
};

/** Whether a secret stands in the file itself: `{value: …}` is the only way to write one. */
const holdsSecret = (value: unknown, depth = 0): boolean => {
  if (typeof value !== 'object' || value === null || depth > 32) return false;
  if (Object.keys(value).length === 1 && 'value' in value && typeof value.value === 'string') return true;
  return Object.values(value).some((part: unknown) => holdsSecret(part, depth + 1));
};

interface Place {
  readonly document: YamlDocument;
  readonly outline: SchemaOutline;
  /** Path of the union that an issue lies in. */
  readonly above: Path;
}

const problemsOf = (issue: Issue, place: Place): readonly ConfigProblem[] => {
  const path = [...place.above, ...issue.path];
  const at = (where: Path, part: 'value' | 'key', message: string, hint?: string): ConfigProblem => ({
    ...place.document.positionOf(where, part),
    setting: where.map(String).join('.'),
    message,
    ...(hint === undefined ? {} : { hint }),
  });
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => at([...path, key], 'key', 'is not known', hintOfKey(key, path, place)));
    case 'invalid_key':
      return [at(path, 'key', issue.issues[0]?.message ?? 'cannot be a name here')];
    case 'invalid_union': {
      // Where one of the forms was meant, and something deeper in it is wrong, that is what to tell.
      const begun = issue.errors.filter((errors) => !errors.some((error) => isNotBegun(error, path, place)));
      const forms = begun.length === 1 ? begun : begun.filter((errors) => errors.length > 0 && errors.every(isDeeper));
      const [meant] = forms.toSorted((a, b) => complaints(a) - complaints(b));
      if (meant === undefined) return [at(path, 'value', issue.message)];
      return meant.flatMap((error) => problemsOf(error, { ...place, above: path }));
    }
    case 'invalid_value':
      if (path[0] === 'version' && versionOf(place.document) === 0) {
        return [at(path, 'value', 'is missing', '`mailkeep config migrate` writes it.')];
      }
      return [at(path, 'value', ...valueMessage(issue, valueAt(place.document.value, path)))];
    case 'invalid_type': {
      const given = valueAt(place.document.value, path);
      if (given === undefined) return [at(path, 'value', 'is missing')];
      return [at(path, 'value', typeMessage(issue.expected), typeHint(issue.expected, given, path, place))];
    }
    case 'too_small':
      return [at(path, 'value', smallMessage(issue))];
    case 'too_big':
      return [at(path, 'value', issue.origin === 'string' ? issue.message : `must be at most ${issue.maximum}`)];
    default:
      return [at(path, 'value', issue.message)];
  }
};

/** A form that is known by one setting is not meant where that is missing. */
const isNotBegun = (issue: Issue, path: Path, { document }: Place): boolean =>
  issue.code === 'invalid_union' &&
  issue.errors.length === 0 &&
  valueAt(document.value, [...path, ...issue.path]) === undefined;

const isDeeper = (issue: Issue): boolean => issue.path.length > 0 || issue.code === 'unrecognized_keys';

/** How far what was written is from a form: each name that it does not know counts. */
const complaints = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);

const valueAt = (value: unknown, path: Path): unknown => {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.entries(at).find(([name]) => name === String(step))?.[1];
  }
  return at;
};

const hintOfKey = (key: string, path: Path, { outline }: Place): string => {
  const known = namesAt(outline, path);
  const nearest = nearestName(key, known);
  return nearest === undefined ? `Known here: ${known.join(', ')}.` : `Is ${nearest} meant?`;
};

const valueMessage = (
  issue: Extract<Issue, { code: 'invalid_value' }>,
  given: unknown,
): readonly [message: string, hint?: string] => {
  if (given === undefined) return ['is missing'];
  const known = issue.values.map(String);
  const nearest = typeof given === 'string' ? nearestName(given, known) : undefined;
  const message = `must be ${known.length === 1 ? '' : 'one of '}${known.join(', ')}`;
  return nearest === undefined ? [message] : [message, `Is ${nearest} meant?`];
};

const expectations: Readonly<Record<string, string>> = {
  string: 'must be text',
  number: 'must be a number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  array: 'must be a list',
  object: 'must have settings of its own',
  record: 'must have settings of its own',
};

const typeMessage = (expected: string): string => expectations[expected] ?? `must be of type ${expected}`;

const typeHint = (expected: string, given: unknown, path: Path, { outline }: Place): string | undefined => {
  if (expected === 'string' && (typeof given === 'number' || typeof given === 'boolean')) {
    return 'Put it in quotes.';
  }
  if (expected === 'array') return 'Write [one, two], or a line with - for each.';
  if (expected !== 'object' && expected !== 'record') return undefined;
  const known = namesAt(outline, path);
  if (known.includes('command') && typeof given === 'string') {
    return 'Put the secret into a file of its own and write {file: PATH}, or {command: …}, {environment: …}, {keyring: …}.';
  }
  return known.length === 0 ? 'Indent them below it.' : `Known here: ${known.join(', ')}.`;
};

const smallMessage = ({ origin, minimum }: Extract<Issue, { code: 'too_small' }>): string => {
  if (origin === 'string') return 'is empty';
  if (origin === 'array') return 'is an empty list';
  return `must be at least ${minimum}`;
};
