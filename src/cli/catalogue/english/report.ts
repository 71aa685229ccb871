import { drillMessages } from './drill.ts';
import { terminalLine } from '../../../mail/terminal-text.ts';
import { formatBytes } from '../../../model/size.ts';
import type { LackReason, SkipReason } from '../../../model/run-record.ts';
import type { ReportWords } from '../../../operation/report/words.ts';
import { captureMessages } from './capture.ts';
import { plural } from './plural.ts';
import { serverMessages } from './server.ts';

const number = (count: number): string => count.toLocaleString('en');
const messagesText = (count: number): string => plural(count, 'message', 'messages');
const thingsText = (count: number): string => (count === 1 ? '1 thing needs you' : `${number(count)} things need you`);
const growthText = (growth: number | undefined): string =>
  growth === undefined ? '' : growth === 0 ? ' (as before)' : ` (${growth > 0 ? '+' : '−'}${number(Math.abs(growth))})`;

const steps = { verify: 'verification', forget: 'forget', prune: 'prune', hold: 'hold', copy: 'copy' } as const;
const stepText = (step: keyof typeof steps, to: string | undefined): string =>
  to === undefined ? steps[step] : `${steps[step]} to ${to}`;

const skipped = new Map<string, string>(
  Object.entries({
    'append-only': 'append-only: left to mailkeep maintain',
    'not-verified': 'nothing is removed, as not all could be verified',
    'not-copied': 'nothing is forgotten, as not all could be copied',
    interrupted: 'interrupted',
    'not-opened': 'the repository could not be opened',
  } satisfies Record<SkipReason, string>),
);

const lacking = new Map<string, (count: number) => string>(
  Object.entries({
    unreadable: (count) => `${number(count)} could not be read`,
    unexplained: (count) => `${messagesText(count)} unexplained`,
    'snapshots-left': (count) => `${plural(count, 'snapshot', 'snapshots')} could not be removed`,
    'packs-left': (count) => `${plural(count, 'pack', 'packs')} could not be removed`,
    'parts-missing': () => 'something is missing',
  } satisfies Record<LackReason, (count: number) => string>),
);

/** Rounded down to the unit that people say. */
const roughly = (milliseconds: number): string => {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return plural(minutes, 'minute', 'minutes');
  if (minutes < 48 * 60) return plural(Math.floor(minutes / 60), 'hour', 'hours');
  return plural(Math.floor(minutes / 1440), 'day', 'days');
};

/** Of reports, in every form that they have. */
export const reportMessages: ReportWords = {
  ...drillMessages,
  ...serverMessages,
  reportLanguage: () => 'en',
  reportJoined: (facts) => facts.join('; '),
  reportHeadline: ({ verdict, arrived, gone, messages, needs, failedJobs, jobs }) => {
    const news = `${messagesText(arrived)} came, ${number(gone)} left`;
    if (verdict === 'good') return `All good: ${news}; ${number(messages)} are kept`;
    if (verdict === 'attention') return `${thingsText(needs)}: ${news}; ${number(messages)} are kept`;
    if (failedJobs === 0) return `FAILED, though everything was captured: ${thingsText(needs)}`;
    return `FAILED: ${number(failedJobs)} of ${plural(jobs, 'job', 'jobs')}; ${thingsText(needs)}`;
  },
  reportMaintained: (verdict, needs) => {
    if (verdict === 'good') return 'All good: the repositories are looked after';
    return verdict === 'failed' ? `FAILED: ${thingsText(needs)}` : thingsText(needs);
  },
  reportWhen: (machine, started, duration) => `${machine}, ${started}, took ${duration}`,
  reportRuns: (runs, failed) => `(${plural(runs, 'run', 'runs')}, ${failed === 0 ? 'none' : number(failed)} failed)`,

  reportNeedsTitle: () => 'WHAT NEEDS YOU',
  reportJobsTitle: () => 'JOBS',
  reportRepositoriesTitle: () => 'REPOSITORIES',
  reportNoticesTitle: () => 'WORTH KNOWING',

  needRunFailed: (sentence) => `The run failed: ${sentence}`,
  needJobFailed: (job, sentence) => `${job} was not captured: ${sentence}`,
  needBrake: (job) => `${job} looks damaged, so the brake holds: everything is kept, nothing older leaves`,
  needIncomplete: (job, reason) => `${job} is incomplete: ${reason}`,
  needUnexplained: (job, count) => `${job}: a difference of ${messagesText(count)} is unexplained`,
  needStep: (repository, step, to, sentence) => `${repository}: ${stepText(step, to)}: ${sentence}`,
  needStepHeld: (repository, step, to) => `${repository}: ${stepText(step, to)} is held by the brake`,
  needConfirm: () => 'Look at the account. If all this is right, confirm it once:',
  brakeSentence: (reason) => {
    switch (reason.kind) {
      case 'account-empty':
        return captureMessages.brakeAccountEmpty(reason.before);
      case 'account-gone':
        return captureMessages.brakeAccountGone(reason.gone, reason.before);
      case 'folder-gone':
        return captureMessages.brakeFolderGone(terminalLine(reason.folder), reason.gone, reason.before);
      case 'uidvalidity-changed':
        return captureMessages.brakeRenumbered(reason.folders, reason.of);
      case 'bodies-changed':
        return captureMessages.brakeBodiesChanged(reason.messages);
      case 'odd-content':
        return captureMessages.brakeOddContent(reason.files, reason.of);
      case 'dump-shrank':
        return captureMessages.brakeDumpShrank(
          terminalLine(reason.dump),
          formatBytes(reason.bytes),
          formatBytes(reason.usual),
        );
      case 'tables-lost':
        return captureMessages.brakeTablesLost(terminalLine(reason.dump), reason.tables.map(terminalLine));
      case 'no-new-mail':
        return captureMessages.brakeNoNewMail(reason.deliveries);
    }
  },

  reasonSkipped: (reason) => skipped.get(reason) ?? reason,
  reasonLacking: (reason, count) => lacking.get(reason)?.(count) ?? reason,

  jobState: (outcome) =>
    ({ good: 'good', incomplete: 'incomplete', held: 'BRAKE', failed: 'FAILED', skipped: 'left out' })[outcome],
  jobCame: (messages, bytes) => (messages === 0 ? 'nothing came' : `${messagesText(messages)} came, ${bytes}`),
  jobLeft: (messages) => (messages === 0 ? 'nothing left' : `${messagesText(messages)} left`),
  jobChanged: (messages) => `${messagesText(messages)} with another body`,
  jobKept: (messages, growth, bytes) =>
    `${messagesText(messages)} kept${growthText(growth)}${bytes === undefined ? '' : `, ${bytes}`}`,
  jobComplete: (onSource) => `complete: all ${number(onSource)} of the source are in the snapshot`,
  jobDiffers: (onSource, inSnapshot, explained, unexplained) =>
    `source ${number(onSource)}, snapshot ${number(inSnapshot)}; ${number(explained)} explained, ${number(unexplained)} unexplained`,
  jobLastGood: (time, age) => `last good snapshot: ${time} (${age} ago)`,
  jobNeverGood: () => 'last good snapshot: never',
  jobSkipped: (reason) => `left out: ${reason}`,
  jobFailedRuns: (failed, runs) => `failed in ${number(failed)} of ${plural(runs, 'run', 'runs')}`,

  storedBytes: (bytes, growth) => `${bytes} stored${growth === undefined ? '' : ` (${growth})`}`,
  storedSnapshots: (count) => plural(count, 'snapshot', 'snapshots'),
  storedCost: (amount, currency) => `${amount} ${currency} a month`,
  stepVerified: (bytes) => `verified: ${bytes} read back`,
  stepForgotten: (removed, kept, frozen) =>
    `forget: ${number(removed)} removed, ${number(kept)} kept${frozen === 0 ? '' : `, ${number(frozen)} frozen`}`,
  stepPruned: (bytes) => `prune: ${bytes} freed`,
  stepHeld: (extended, held) =>
    `held back from deletion: the time of ${plural(extended, 'object', 'objects')} was extended; ${number(held)} were held for long enough`,
  stepCopied: (to, snapshots, bytes) => `copied to ${to}: ${plural(snapshots, 'snapshot', 'snapshots')}, ${bytes}`,
  stepSkipped: (step, to, reason) => `${stepText(step, to)} left out: ${reason}`,
  stepNotDone: (step, to) => `${stepText(step, to)}: see above`,

  roughly,
  reportFooter: (program, id) => `${program}, run ${id}. mailkeep report ${id.slice(0, 8)} shows this again.`,
  goodSubject: (arrived, gone, date) => `Mail backup good: ${number(arrived)} came, ${number(gone)} left - ${date}`,
  maintainedSubject: (date) => `Mail backup: repositories looked after - ${date}`,
};
