import type { PresetFinding } from '../../preset/finding.ts';

/** A finding for people: what is so, and what to do. */
export interface FindingText {
  readonly message: string;
  readonly hint?: string;
}

type ByCode = { readonly [Code in PresetFinding['code']]: Extract<PresetFinding, { readonly code: Code }> };

/** The sentences of a language: the compiler sees to it that each finding has its own. */
export type FindingTexts = { readonly [Code in keyof ByCode]: (finding: ByCode[Code]) => FindingText };

const textOf = <Code extends keyof ByCode>(texts: FindingTexts, code: Code, finding: ByCode[Code]): FindingText =>
  texts[code](finding);

export const textOfFinding = (texts: FindingTexts, finding: PresetFinding): FindingText =>
  textOf(texts, finding.code, finding);
