import type { ConfigProblem } from './config-problem.ts';
import { knownVersion, newerVersion, versionOf } from './config-version.ts';
import { parseYaml, type YamlDocument } from './yaml-document.ts';

/** Brings a file from one version to the next. What the step is not about keeps every byte, comments too. */
type Step = (text: string, document: YamlDocument) => string;

const addVersion: Step = (text, document) => {
  const lines = text.split('\n');
  const { line } = document.positionOf([], 'value');
  const ending = lines[line - 1]?.endsWith('\r') === true ? '\r' : '';
  return lines.toSpliced(line - 1, 0, `version: 1${ending}`).join('\n');
};

/** The step at N leads from version N to N + 1. */
const steps: readonly Step[] = [addVersion];

export type ConfigMigration =
  | { readonly kind: 'newest' }
  | { readonly kind: 'older'; readonly from: number; readonly to: number; readonly text: string }
  | { readonly kind: 'bad'; readonly problems: readonly ConfigProblem[] };

/** What a configuration would be in the version that this program writes; of what no step can bring there, the problems. */
export const migrateConfig = (text: string): ConfigMigration => {
  const document = parseYaml(text);
  if (!('value' in document)) return { kind: 'bad', problems: document };
  const newer = newerVersion(document);
  if (newer !== undefined) return { kind: 'bad', problems: [newer] };
  const from = versionOf(document);
  if (from === knownVersion) return { kind: 'newest' };
  const problem = (message: string): ConfigMigration => {
    return { kind: 'bad', problems: [{ ...document.positionOf(['version'], 'value'), setting: 'version', message }] };
  };
  if (from === undefined) return problem(`must be a whole number from 1 to ${knownVersion}`);
  let migrated = text;
  for (const step of steps.slice(from)) {
    const before = parseYaml(migrated);
    if (!('value' in before)) break;
    migrated = step(migrated, before);
  }
  const after = parseYaml(migrated);
  if (!('value' in after) || versionOf(after) !== knownVersion) return problem('cannot be written here: do it by hand');
  return { kind: 'older', from, to: knownVersion, text: migrated };
};
