import { compareBytes } from '../../model/byte-string.ts';
import type { KeepReason, RetentionGroup, RetentionPlan } from '../../model/retention.ts';
import { ruleText } from '../../model/retention-rules.ts';
import { goJsonText, goJsonTextOfBytes } from '../../store/restic/format/go-quote.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { snapshotJson } from './snapshot-json.ts';

/** In restic's words where restic has the same reason. */
const matchesOf = (reason: KeepReason): readonly string[] => {
  switch (reason.kind) {
    case 'held':
      return reason.by.length === 0 ? ['held'] : reason.by.map((hold) => `held (${hold})`);
    case 'frozen':
      return ['the newest snapshot looks like damage'];
    case 'future':
      return ['from the future'];
    case 'last-verified':
      return ['newest verified snapshot'];
    case 'not-covered':
      return ['not covered by a verified snapshot'];
    case 'among-verified':
      return reason.rules.map((rule) => `${ruleText(rule)} (among verified)`);
    case 'among-settled':
      return reason.rules.map((rule) => `${ruleText(rule)} (among settled)`);
    default:
      return [ruleText(reason)];
  }
};

const listOf = (items: readonly string[]): string => (items.length === 0 ? 'null' : `[${items.join(',')}]`);
const textsOf = (texts: readonly string[] | undefined): string =>
  texts === undefined ? 'null' : listOf(texts.map((text) => `"${text}"`));

/** restic sorts the paths of all, and the tags when it groups by them. */
const shown = (snapshot: SnapshotFile, sortTags: boolean): string =>
  snapshotJson({
    ...snapshot,
    paths: [...snapshot.paths].sort(compareBytes),
    tags: sortTags ? [...snapshot.tags].sort() : snapshot.tags,
  });

const groupJson = ({ key, decisions }: RetentionGroup<SnapshotFile>): string => {
  const keep: string[] = [];
  const remove: string[] = [];
  const reasons: string[] = [];
  for (const decision of decisions) {
    const json = shown(decision.snapshot, key.tags !== undefined);
    if (decision.verdict === 'remove') {
      remove.push(json);
      continue;
    }
    const matches = decision.reasons.flatMap(matchesOf).map((text) => `"${goJsonText(text)}"`);
    keep.push(json);
    reasons.push(`{"snapshot":${json},"matches":[${matches.join(',')}]}`);
  }
  return (
    `{"tags":${textsOf(key.tags?.map(goJsonText))},"host":"${goJsonText(key.hostname ?? '')}"` +
    `,"paths":${textsOf(key.paths?.map(goJsonTextOfBytes))}` +
    `,"keep":${listOf(keep)},"remove":${listOf(remove)},"reasons":${listOf(reasons)}}`
  );
};

/** What `forget --json` prints, with restic's members. */
export const retentionJson = ({ groups }: RetentionPlan<SnapshotFile>): string =>
  `[${groups.map(groupJson).join(',')}]`;
