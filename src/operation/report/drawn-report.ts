import type { RunVerdict } from '../../model/run-record.ts';

/** A report in words, before it is text or HTML. Nothing in it is markup, and every string is a single safe line. */
export interface DrawnReport {
  readonly language: 'en' | 'ja';
  readonly verdict: RunVerdict;
  readonly headline: string;
  readonly when: string;
  readonly needsTitle: string;
  readonly needs: readonly DrawnNeed[];
  readonly jobsTitle: string;
  readonly jobs: readonly DrawnPart[];
  readonly repositoriesTitle: string;
  readonly repositories: readonly DrawnPart[];
  readonly noticesTitle: string;
  readonly notices: readonly string[];
  readonly footer: string;
}

export interface DrawnNeed {
  readonly sentence: string;
  readonly details: readonly string[];
  /** To be typed. */
  readonly commands: readonly string[];
}

export interface DrawnPart {
  readonly name: string;
  readonly state: string;
  readonly mood: RunVerdict | 'quiet';
  readonly facts: readonly string[];
}
