import type { Run } from '../../../contract/run.ts';
import type { Base, BaseEntry } from '../../../contract/source.ts';
import { byteStringOfText, displayText } from '../../../model/byte-string.ts';
import type { Metadata, Path } from '../../../model/entry.ts';

/** Something in a component, by its path in it. */
export interface SurveyedEntry {
  readonly path: readonly string[];
  readonly metadata: Metadata;
}

/** After so many entries of a component it is known well enough: mail may have a million. */
const mostEntries = 4000;
const deepest = 7;

/** In a Maildir everything has one owner, and there is nothing else to learn. */
const isMessages = (name: string): boolean => name === 'cur' || name === 'new' || name === 'tmp';

async function* entriesIn(base: Base, path: Path, run: Run): AsyncGenerator<BaseEntry, void> {
  for await (const page of base.children(path, run)) yield* page;
}

/** Looks at the upper levels of a component, level by level. Reads no content of files. */
export const surveyComponent = async (base: Base, component: string, run: Run): Promise<readonly SurveyedEntry[]> => {
  const found: SurveyedEntry[] = [];
  const root: Path = [byteStringOfText(component)];
  let level: readonly { readonly path: Path; readonly names: readonly string[] }[] = [{ path: root, names: [] }];
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const below: { path: Path; names: readonly string[] }[] = [];
    for (const { path, names } of level) {
      for await (const { entry } of entriesIn(base, path, run)) {
        if (found.length >= mostEntries) return found;
        const name = displayText(entry.name);
        found.push({ path: [...names, name], metadata: entry });
        if (entry.type === 'directory' && !isMessages(name)) {
          below.push({ path: [...path, entry.name], names: [...names, name] });
        }
      }
    }
    level = below;
  }
  return found;
};

/** A small file of a component as text; undefined when there is none. Faults: those of the store. */
export const readSmallFile = async (
  base: Base,
  { component, name }: { readonly component: string; readonly name: string },
  run: Run,
): Promise<string | undefined> => {
  for await (const one of entriesIn(base, [byteStringOfText(component)], run)) {
    if (one.entry.name !== byteStringOfText(name) || one.entry.type !== 'file') continue;
    const parts: Uint8Array[] = [];
    for await (const { bytes, pieces, verdicts } of base.contents([one], run)) {
      for (const { start, length } of pieces) parts.push(Uint8Array.from(bytes.subarray(start, start + length)));
      for (const { verdict } of verdicts) if (verdict.kind === 'failed') throw verdict.fault;
    }
    return new TextDecoder().decode(Buffer.concat(parts));
  }
  return undefined;
};
