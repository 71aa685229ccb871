import { drillMessages } from './drill.ts';
import { terminalLine } from '../../../mail/terminal-text.ts';
import { formatBytes } from '../../../model/size.ts';
import type { LackReason, SkipReason } from '../../../model/run-record.ts';
import type { ReportWords } from '../../../operation/report/words.ts';
import { captureMessages } from './capture.ts';
import { serverMessages } from './server.ts';

const number = (count: number): string => count.toLocaleString('en');
const growthText = (growth: number | undefined): string =>
  growth === undefined
    ? ''
    : growth === 0
      ? '（増減なし）'
      : `（${growth > 0 ? '+' : '−'}${number(Math.abs(growth))}）`;

const steps = {
  verify: '検証',
  forget: '古いスナップショットの整理',
  prune: '不要データの削除',
  hold: '削除からの保護',
  copy: 'コピー',
} as const;
const stepText = (step: keyof typeof steps, to: string | undefined): string =>
  to === undefined ? steps[step] : `${to} への${steps[step]}`;

const skipped = new Map<string, string>(
  Object.entries({
    'append-only': '追記専用のため mailkeep maintain に任せます',
    'not-verified': '検証できなかったものがあるため、何も削除しません',
    'not-copied': 'コピーできなかったものがあるため、何も削除しません',
    interrupted: '中断されました',
    'not-opened': 'リポジトリを開けませんでした',
  } satisfies Record<SkipReason, string>),
);

const lacking = new Map<string, (count: number) => string>(
  Object.entries({
    unreadable: (count) => `${number(count)} 件を読み取れませんでした`,
    unexplained: (count) => `${number(count)} 通の差に説明がつきません`,
    'snapshots-left': (count) => `スナップショット ${number(count)} 件を削除できませんでした`,
    'packs-left': (count) => `パック ${number(count)} 個を削除できませんでした`,
    'parts-missing': () => '不足しているものがあります',
  } satisfies Record<LackReason, (count: number) => string>),
);

const roughly = (milliseconds: number): string => {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return `${minutes} 分`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} 時間`;
  return `${Math.floor(minutes / 1440)} 日`;
};

export const reportMessages: ReportWords = {
  ...drillMessages,
  ...serverMessages,
  reportLanguage: () => 'ja',
  reportJoined: (facts) => facts.join('、'),
  reportHeadline: ({ verdict, arrived, gone, messages, needs, failedJobs, jobs }) => {
    const news = `新着 ${number(arrived)} 通、消失 ${number(gone)} 通`;
    if (verdict === 'good') return `異常なし: ${news}、保存数 ${number(messages)} 通`;
    if (verdict === 'attention') return `要確認 ${number(needs)} 件: ${news}、保存数 ${number(messages)} 通`;
    if (failedJobs === 0) return `失敗（取得はすべて完了）: 要確認 ${number(needs)} 件`;
    return `失敗: ジョブ ${number(jobs)} 件のうち ${number(failedJobs)} 件、要確認 ${number(needs)} 件`;
  },
  reportMaintained: (verdict, needs) => {
    if (verdict === 'good') return '異常なし: リポジトリの保守が完了しました';
    return verdict === 'failed' ? `失敗: 要確認 ${number(needs)} 件` : `要確認 ${number(needs)} 件`;
  },
  reportWhen: (machine, started, duration) => `${machine}、${started}、所要時間 ${duration}`,
  reportRuns: (runs, failed) => `（実行 ${number(runs)} 回、うち失敗 ${number(failed)} 回）`,

  reportNeedsTitle: () => '対応が必要なこと',
  reportJobsTitle: () => 'ジョブ',
  reportRepositoriesTitle: () => 'リポジトリ',
  reportNoticesTitle: () => 'お知らせ',

  needRunFailed: (sentence) => `実行に失敗しました: ${sentence}`,
  needJobFailed: (job, sentence) => `${job} を取得できませんでした: ${sentence}`,
  needBrake: (job) =>
    `${job} に破損の疑いがあるため、ブレーキをかけています。すべて保存してあり、古いものは削除しません`,
  needIncomplete: (job, reason) => `${job} は不完全です: ${reason}`,
  needUnexplained: (job, count) => `${job}: 説明のつかない差が ${number(count)} 通あります`,
  needStep: (repository, step, to, sentence) => `${repository}: ${stepText(step, to)}: ${sentence}`,
  needStepHeld: (repository, step, to) => `${repository}: ${stepText(step, to)}はブレーキにより止まっています`,
  needConfirm: () => 'アカウントを確認してください。これで正しければ、一度だけ承認してください:',
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
    ({ good: '正常', incomplete: '不完全', held: 'ブレーキ', failed: '失敗', skipped: '対象外' })[outcome],
  jobCame: (messages, bytes) => (messages === 0 ? '新着なし' : `新着 ${number(messages)} 通、${bytes}`),
  jobLeft: (messages) => (messages === 0 ? '消失なし' : `消失 ${number(messages)} 通`),
  jobChanged: (messages) => `本文が変わったもの ${number(messages)} 通`,
  jobKept: (messages, growth, bytes) =>
    `保存数 ${number(messages)} 通${growthText(growth)}${bytes === undefined ? '' : `、${bytes}`}`,
  jobComplete: (onSource) => `完全: 取得元の ${number(onSource)} 通すべてがスナップショットにあります`,
  jobDiffers: (onSource, inSnapshot, explained, unexplained) =>
    `取得元 ${number(onSource)} 通、スナップショット ${number(inSnapshot)} 通。説明のある差 ${number(explained)}、説明のない差 ${number(unexplained)}`,
  jobLastGood: (time, age) => `最後の正常なスナップショット: ${time}（${age}前）`,
  jobNeverGood: () => '最後の正常なスナップショット: なし',
  jobSkipped: (reason) => `対象外: ${reason}`,
  jobFailedRuns: (failed, runs) => `実行 ${number(runs)} 回のうち失敗 ${number(failed)} 回`,

  storedBytes: (bytes, growth) => `保存量 ${bytes}${growth === undefined ? '' : `（${growth}）`}`,
  storedSnapshots: (count) => `スナップショット ${number(count)} 個`,
  storedCost: (amount, currency) => `月額 ${amount} ${currency}`,
  stepVerified: (bytes) => `検証: ${bytes} を読み戻しました`,
  stepForgotten: (removed, kept, frozen) =>
    `整理: 削除 ${number(removed)} 個、保持 ${number(kept)} 個${frozen === 0 ? '' : `、凍結 ${number(frozen)} 個`}`,
  stepPruned: (bytes) => `不要データの削除: ${bytes} を解放しました`,
  stepHeld: (extended, held) =>
    `削除からの保護: ${number(extended)} 個の期限を延ばしました。${number(held)} 個は十分な期限がありました`,
  stepCopied: (to, snapshots, bytes) => `${to} へコピー: スナップショット ${number(snapshots)} 個、${bytes}`,
  stepSkipped: (step, to, reason) => `${stepText(step, to)}は行いませんでした: ${reason}`,
  stepNotDone: (step, to) => `${stepText(step, to)}: 上記を参照`,

  roughly,
  reportFooter: (program, id) => `${program}、実行 ${id}。mailkeep report ${id.slice(0, 8)} で再表示できます。`,
  goodSubject: (arrived, gone, date) =>
    `メールバックアップ正常: 新着 ${number(arrived)} 通、消失 ${number(gone)} 通 - ${date}`,
  maintainedSubject: (date) => `メールバックアップ: リポジトリの保守完了 - ${date}`,
};
