import { terminalLine } from '../../mail/terminal-text.ts';
import { wallTime } from '../../model/local-time.ts';
import { type ComponentRecord, stepsIn } from '../../model/run-record.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import type { DrawnPart, DrawnReport } from './drawn-report.ts';
import { drawnChecks, drawnTimes, drillHeadline } from './drill-drawing.ts';
import { commandsFor, type Need } from './need.ts';
import { type JobReport, type Report, type RepositoryReport, serverTotals } from './report.ts';
import type { ReportWords } from './words.ts';

export interface Drawing {
  readonly words: ReportWords;
  /** Of the IANA list; without one, that of the system. */
  readonly timeZone?: string | undefined;
  /** Where the log of runs is. */
  readonly logFile?: string | undefined;
}

const minutes = (milliseconds: number, timeZone: string | undefined): string => {
  const { date, time } = wallTime(milliseconds, timeZone);
  return `${date} ${time.slice(0, 5)}`;
};

const some = (...texts: readonly (string | undefined)[]): readonly string[] =>
  texts.flatMap((text) => (text === undefined || text === '' ? [] : [text]));

const sentenceOf = (need: Need, words: ReportWords): string => {
  switch (need.kind) {
    case 'drill-failed':
      return terminalLine(words.drillFinding(need.finding));
    case 'run-failed':
      return words.needRunFailed(terminalLine(need.fault.message));
    case 'job-failed': {
      const sentence = terminalLine(need.fault.message);
      return need.of === 'server'
        ? words.needServerFailed(need.job, sentence)
        : words.needJobFailed(need.job, sentence);
    }
    case 'brake':
      return words.needBrake(need.job);
    case 'incomplete':
      return words.needIncomplete(need.job, terminalLine(words.reasonLacking(need.reason, need.count)));
    case 'unexplained':
      return words.needUnexplained(need.job, need.messages);
    case 'step': {
      const { repository, step, to, outcome } = need;
      if (outcome.kind === 'held') return words.needStepHeld(repository, step, to);
      const sentence =
        outcome.kind === 'failed' ? outcome.fault.message : words.reasonLacking(outcome.reason, outcome.count);
      return words.needStep(repository, step, to, terminalLine(sentence));
    }
  }
};

const detailsOf = (need: Need, words: ReportWords): readonly string[] => {
  const reasons = (all: readonly Parameters<ReportWords['brakeSentence']>[0][]): readonly string[] =>
    all.map((reason) => words.brakeSentence(reason));
  switch (need.kind) {
    case 'run-failed':
    case 'job-failed':
      return some(need.fault.hint).map(terminalLine);
    case 'brake':
      return [...reasons(need.reasons), words.needConfirm()];
    case 'step':
      if (need.outcome.kind === 'held') return reasons(need.outcome.reasons);
      return need.outcome.kind === 'failed' ? some(need.outcome.fault.hint).map(terminalLine) : [];
    case 'drill-failed':
    case 'incomplete':
    case 'unexplained':
      return [];
  }
};

const ledgerText = ({ ledger }: JobReport, words: ReportWords): string | undefined => {
  if (ledger === undefined) return undefined;
  const { onSource, inSnapshot, explained, unexplained } = ledger;
  return explained + unexplained === 0
    ? words.jobComplete(onSource)
    : words.jobDiffers(onSource, inSnapshot, explained, unexplained);
};

const lastGoodText = ({ lastGood, lastGoodAge = 0 }: JobReport, { words, timeZone }: Drawing): string =>
  lastGood === undefined
    ? words.jobNeverGood()
    : words.jobLastGood(minutes(lastGood, timeZone), words.roughly(lastGoodAge));

const moods = {
  good: 'good',
  skipped: 'quiet',
  incomplete: 'attention',
  held: 'attention',
  failed: 'failed',
} as const;

const drawnJob = (job: JobReport, drawing: Drawing): DrawnPart => {
  const { words } = drawing;
  if (job.kind === 'server') {
    const { kind } = job.outcome;
    return { name: job.name, state: words.jobState(kind), mood: moods[kind], facts: serverFacts(job, drawing) };
  }
  const { outcome, arrived, gone, changedBodies, messages, messagesBefore, bytes } = job;
  const growth = messages === undefined || messagesBefore === undefined ? undefined : messages - messagesBefore;
  const captured = job.ledger !== undefined || arrived + gone > 0;
  const isUnexplained = (job.ledger?.unexplained ?? 0) > 0;
  return {
    name: job.name,
    state: words.jobState(outcome.kind),
    mood: outcome.kind === 'good' && isUnexplained ? 'attention' : moods[outcome.kind],
    facts: some(
      captured
        ? words.reportJoined([
            words.jobCame(arrived, formatBytes(job.arrivedBytes)),
            words.jobLeft(gone),
            ...(changedBodies > 0 ? [words.jobChanged(changedBodies)] : []),
          ])
        : undefined,
      messages === undefined
        ? undefined
        : words.jobKept(messages, growth, bytes === undefined ? undefined : formatBytes(bytes)),
      ledgerText(job, words),
      outcome.kind === 'skipped' ? words.jobSkipped(terminalLine(words.reasonSkipped(outcome.reason))) : undefined,
      lastGoodText(job, drawing),
      job.runs > 1 && job.failedRuns > 0 ? words.jobFailedRuns(job.failedRuns, job.runs) : undefined,
    ),
  };
};

const componentText = (component: ComponentRecord, words: ReportWords): string => {
  const { name, outcome, attempts, files, bytes, writtenBytes, duration, unreadable } = component;
  if (outcome.kind === 'failed') return words.componentFailed(name, attempts, terminalLine(outcome.fault.message));
  return words.componentGood({
    name,
    files,
    bytes: formatBytes(bytes),
    written: formatBytes(writtenBytes),
    duration: formatDuration(duration),
    unreadable,
  });
};

const serverFacts = (job: JobReport, { words, timeZone }: Drawing): readonly string[] => {
  const { server, lastGood, lastGoodAge = 0 } = job;
  const { components = [], disk, backup, snapshot, removed = 0, scrub, warnings = [] } = server ?? {};
  return some(
    backup === undefined ? undefined : words.serverBackup(backup, terminalLine(disk?.path ?? '')),
    snapshot === undefined ? undefined : words.serverSnapshot(snapshot.slice(0, 8)),
    ...components.map((component) => componentText(component, words)),
    removed === 0 ? undefined : words.serverRemoved(removed),
    scrub === undefined ? undefined : words.serverScrubbed(formatBytes(scrub.bytes), scrub.bad, scrub.mended),
    disk === undefined ? undefined : words.serverDisk(disk.usedPercent, formatBytes(disk.free)),
    disk?.forecast === undefined
      ? undefined
      : words.spaceForecast(disk.forecast.days, formatBytes(disk.forecast.bytesPerDay)),
    ...warnings.map(terminalLine),
    lastGood === undefined
      ? words.serverNeverGood()
      : words.serverLastGood(minutes(lastGood, timeZone), words.roughly(lastGoodAge)),
    job.runs > 1 && job.failedRuns > 0 ? words.jobFailedRuns(job.failedRuns, job.runs) : undefined,
  );
};

/** Growth, with its sign. */
const signed = (bytes: number): string => (bytes < 0 ? `−${formatBytes(-bytes)}` : `+${formatBytes(bytes)}`);

/** A backup of mail can cost less than a cent. */
const amountText = (amount: number): string => {
  if (amount === 0 || amount >= 0.1) return amount.toFixed(2);
  return amount < 0.001 ? '<0.001' : amount.toFixed(3);
};

const stepTexts = ({ last }: RepositoryReport, words: ReportWords): readonly string[] => {
  const { verify, forget, prune, hold, copies } = last;
  const done = {
    verify: verify === undefined ? '' : words.stepVerified(formatBytes(verify.readBytes)),
    forget: forget === undefined ? '' : words.stepForgotten(forget.removed, forget.kept, forget.frozen),
    prune: prune === undefined ? '' : words.stepPruned(formatBytes(prune.freedBytes)),
    hold: hold === undefined ? '' : words.stepHeld(hold.extended, hold.held),
    copy: '',
  };
  return stepsIn(last).map(({ step, to, outcome }) => {
    if (outcome.kind === 'skipped')
      return words.stepSkipped(step, to, terminalLine(words.reasonSkipped(outcome.reason)));
    if (outcome.kind !== 'good') return words.stepNotDone(step, to);
    if (step !== 'copy') return done[step];
    const copy = copies.find((one) => one.to === to);
    return words.stepCopied(to ?? '', copy?.snapshots ?? 0, formatBytes(copy?.bytes ?? 0));
  });
};

const drawnRepository = (repository: RepositoryReport, words: ReportWords): DrawnPart => {
  const { name, storedBytes, storedBefore, snapshots, monthlyCost, last } = repository;
  const outcomes = stepsIn(last).map(({ outcome }) => outcome.kind);
  const isAttention = outcomes.includes('held') || outcomes.includes('incomplete');
  const isGrowth = storedBytes !== undefined && storedBefore !== undefined && storedBytes !== storedBefore;
  const growth = isGrowth ? signed(storedBytes - storedBefore) : undefined;
  return {
    name,
    state: storedBytes === undefined ? '' : words.storedBytes(formatBytes(storedBytes), growth),
    mood: outcomes.includes('failed') ? 'failed' : isAttention ? 'attention' : 'quiet',
    facts: some(
      words.reportJoined([
        ...(snapshots === undefined ? [] : [words.storedSnapshots(snapshots)]),
        ...(monthlyCost === undefined
          ? []
          : [words.storedCost(amountText(monthlyCost.amount), terminalLine(monthlyCost.currency))]),
      ]),
      ...stepTexts(repository, words),
    ),
  };
};

const headline = (report: Report, words: ReportWords): string => {
  if (report.drill !== undefined) return drillHeadline(report.drill, words);
  if (report.command === 'drill') return words.drillNotDone();
  const { verdict, arrived, gone, messages, jobs, needs } = report;
  if (jobs.length === 0) return words.reportMaintained(verdict, needs.length);
  const total = serverTotals(report);
  if (total !== undefined) {
    const { servers, files, bytes } = total;
    return words.serverHeadline({ verdict, servers, files, bytes: formatBytes(bytes), needs: needs.length });
  }
  const failedJobs = jobs.filter(({ outcome }) => outcome.kind === 'failed').length;
  return words.reportHeadline({ verdict, arrived, gone, messages, needs: needs.length, failedJobs, jobs: jobs.length });
};

/** Puts a report into words. */
export const drawReport = (report: Report, drawing: Drawing): DrawnReport => {
  const { words, timeZone } = drawing;
  const { machine, started, ended, runs, failedRuns, program, id } = report;
  const took = formatDuration(ended - started);
  return {
    language: words.reportLanguage(),
    verdict: report.verdict,
    headline: headline(report, words),
    when: some(
      words.reportWhen(terminalLine(machine), minutes(started, timeZone), took),
      runs > 1 ? words.reportRuns(runs, failedRuns) : undefined,
    ).join(' '),
    needsTitle: words.reportNeedsTitle(),
    needs: report.needs.map((need) => ({
      sentence: sentenceOf(need, words),
      details: detailsOf(need, words),
      commands: commandsFor(need),
    })),
    ...(report.drill === undefined
      ? { jobsTitle: words.reportJobsTitle(), jobs: report.jobs.map((job) => drawnJob(job, drawing)) }
      : { jobsTitle: words.drillChecks(), jobs: drawnChecks(report.drill, words) }),
    ...(report.drill === undefined
      ? {
          repositoriesTitle: words.reportRepositoriesTitle(),
          repositories: report.repositories.map((repository) => drawnRepository(repository, words)),
        }
      : { repositoriesTitle: words.drillTimes(), repositories: drawnTimes(report.drill, drawing) }),
    noticesTitle: words.reportNoticesTitle(),
    notices: report.notices.map(terminalLine),
    footer: words.reportFooter(terminalLine(program), id),
  };
};
