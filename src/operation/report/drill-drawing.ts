import { terminalLine } from '../../mail/terminal-text.ts';
import {
  allFindings,
  type DrillCheck,
  type DrillRecord,
  drillVerdict,
  missingForProof,
  notChecked,
} from '../../model/drill/drill-record.ts';
import { wallTime } from '../../model/local-time.ts';
import { formatDuration } from '../../model/size.ts';
import type { DrawnPart } from './drawn-report.ts';
import type { DrillWords } from './drill-words.ts';

/** What people hope for: mail and databases within four hours, everything within a day. */
const goal = 24 * 3_600_000;

const moods = { passed: 'good', failed: 'failed', skipped: 'quiet' } as const;

/** The verdict in a line. */
export const drillHeadline = (drill: DrillRecord, words: DrillWords): string => {
  const found = drill.checks.reduce((sum, check) => sum + check.found, 0);
  const passed = drillVerdict(drill) === 'passed';
  return terminalLine(words.drillHeadline(drill.server, passed, found, notChecked(drill).length));
};

const drawnCheck = (check: DrillCheck, words: DrillWords): DrawnPart => {
  const { name, outcome, looked, findings, found, skips } = check;
  return {
    name: words.drillCheck(name),
    state: words.drillOutcome(outcome),
    mood: moods[outcome],
    facts: [
      ...(looked > 0 ? [words.drillLooked(name, looked)] : []),
      ...findings.map((finding) => terminalLine(words.drillFinding(finding))),
      ...(found > findings.length && findings.length > 0 ? [words.drillMore(found - findings.length)] : []),
      ...skips.map((skip) => terminalLine(words.drillSkip(skip))),
    ],
  };
};

/** Each check, with what it found. */
export const drawnChecks = (drill: DrillRecord, words: DrillWords): readonly DrawnPart[] =>
  drill.checks.map((check) => drawnCheck(check, words));

const momentText = (time: number, timeZone: string | undefined): string => {
  const wall = wallTime(time, timeZone);
  return `${wall.date} ${wall.time.slice(0, 5)}`;
};

interface TimeDrawing {
  readonly words: DrillWords;
  readonly timeZone?: string | undefined;
}

const backupFacts = (drill: DrillRecord, { words, timeZone }: TimeDrawing): readonly string[] => {
  const { backup, backupTime, isComplete, share, messages, wholeMessages, accounts, dataAge } = drill;
  const programs = [...new Set(drill.programs.map((program) => words.drillProgram(program)))];
  return [
    terminalLine(words.drillBackup(backup, momentText(backupTime, timeZone), formatDuration(dataAge))),
    ...(isComplete ? [] : [words.drillIncomplete()]),
    words.drillAll(share < 1 ? wholeMessages : messages, accounts),
    ...(programs.length === 0 ? [] : [terminalLine(words.drillPrograms(programs))]),
    ...(share < 1 ? [words.drillSample(messages, wholeMessages, (share * 100).toPrecision(2))] : []),
  ];
};

/** How long each part took, what the backup was, and earlier drills. */
export const drawnTimes = (drill: DrillRecord, drawing: TimeDrawing): readonly DrawnPart[] => {
  const { words, timeZone } = drawing;
  const times = drill.times.map(({ name, measured, whole }) =>
    words.drillTime(
      name === 'start' ? words.drillStart() : terminalLine(name),
      formatDuration(measured),
      formatDuration(whole),
    ),
  );
  const late = drill.recovery > goal ? [words.drillGoal(formatDuration(goal))] : [];
  const trend = drill.trend.map(({ time, verdict, recovery, dataAge }) =>
    words.drillPoint(
      momentText(time, timeZone),
      verdict === 'passed',
      formatDuration(recovery),
      formatDuration(dataAge),
    ),
  );
  const parts: readonly DrawnPart[] = [
    {
      name: words.drillRecovery(formatDuration(drill.recovery)),
      state: '',
      mood: 'quiet',
      facts: [...late, ...times, ...backupFacts(drill, drawing)],
    },
    { name: words.drillTrend(), state: '', mood: 'quiet', facts: trend },
  ];
  return parts.filter(({ facts }) => facts.length > 0);
};

/** What is wrong first, for a single line. */
export const firstFinding = (drill: DrillRecord, words: DrillWords): string => {
  const [first] = allFindings(drill);
  if (first !== undefined) return terminalLine(words.drillFinding(first));
  const [missing] = missingForProof(drill);
  return missing === undefined ? '' : terminalLine(words.drillSkip(missing));
};
