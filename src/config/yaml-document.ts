import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type ErrorCode } from 'yaml';
import type { ConfigProblem } from './config-problem.ts';

/** A parsed file: its plain value, and where each part of it stands. */
export interface YamlDocument {
  readonly value: unknown;
  /** Where the value at a path begins, or the key itself; of what is not there, the nearest thing above it. */
  positionOf(path: readonly PropertyKey[], part: 'value' | 'key'): Pick<ConfigProblem, 'line' | 'column'>;
}

/** Aliases may repeat this much; more is an attempt to fill the memory. */
const mostAliases = 100;

const sentences: Partial<Readonly<Record<ErrorCode, readonly [message: string, hint: string]>>> = {
  TAB_AS_INDENT: ['a tab stands where the line is indented', 'Indent with spaces.'],
  DUPLICATE_KEY: ['this setting is there twice', 'Leave one of the two.'],
  MULTIPLE_DOCS: ['the file holds several documents', 'Take out the line ---.'],
  BAD_INDENT: ['the indentation does not fit the lines above', 'Settings of one kind begin in the same column.'],
};

/** Parses YAML 1.2 with merge keys (`<<: *base`); either the document, or everything that is wrong with it. */
export const parseYaml = (text: string): YamlDocument | readonly ConfigProblem[] => {
  const lines = new LineCounter();
  const options = { prettyErrors: false, stringKeys: true, uniqueKeys: true, merge: true } as const;
  const document = parseDocument(text, { lineCounter: lines, ...options });
  const at = (offset: number): Pick<ConfigProblem, 'line' | 'column'> => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // A warning (an unknown tag, for one) means that a value is not what it looks like.
  const found = [...document.errors, ...document.warnings].map(({ code, message, pos }): ConfigProblem => {
    const known = sentences[code];
    const place = { ...at(pos[0]), setting: '' };
    return known === undefined
      ? { ...place, message: `this is no YAML: ${message}` }
      : { ...place, message: known[0], hint: known[1] };
  });
  if (found.length > 0) return found;
  try {
    return {
      value: document.toJS({ maxAliasCount: mostAliases }),
      positionOf: (path, part) => at(offsetOf(document, path, part)),
    };
  } catch (error) {
    const place = { line: 1, column: 1, setting: '' };
    if (error instanceof Error && error.message.startsWith('Merge sources')) {
      const hint = 'Name an entry that bears an anchor: <<: *name, where `&name` stands before that entry.';
      return [{ ...place, message: 'what <<: brings in is no list of settings', hint }];
    }
    return [
      { ...place, message: 'its aliases repeat too much', hint: 'Write out what the aliases (*name) stand for.' },
    ];
  }
};

const offsetOf = (document: Document, path: readonly PropertyKey[], part: 'value' | 'key'): number => {
  for (let length = path.length; length > 0; length--) {
    const offset = exactOffset(document, path.slice(0, length), part);
    if (offset !== undefined) return offset;
  }
  return document.contents?.range?.[0] ?? 0;
};

const beginOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

const exactOffset = (document: Document, path: readonly PropertyKey[], part: 'value' | 'key'): number | undefined => {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return beginOf(document.getIn(path, true));
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  if (pair === undefined) return undefined;
  return (part === 'value' ? beginOf(pair.value) : undefined) ?? beginOf(pair.key);
};
