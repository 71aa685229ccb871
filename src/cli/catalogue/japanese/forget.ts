import type { forgetMessages as english } from '../english/forget.ts';

const units = {
  last: '最新',
  hourly: '毎時',
  daily: '日次',
  weekly: '週次',
  monthly: '月次',
  yearly: '年次',
} as const;

export const forgetMessages: typeof english = {
  forgetColumns: () => ({
    id: 'ID',
    time: '日時',
    host: 'ホスト',
    tags: 'タグ',
    reasons: '理由',
    paths: 'パス',
  }),
  forgetGroup: (host, tags, paths) => {
    const parts = [
      ...(host === undefined ? [] : [`ホスト ${host}`]),
      ...(tags === undefined ? [] : [`タグ [${tags}]`]),
      ...(paths === undefined ? [] : [`パス [${paths}]`]),
    ];
    return parts.length === 0 ? 'すべてのスナップショット:' : `スナップショット（${parts.join('、')}）:`;
  },
  forgetKeep: (count) => `残す: ${count} 件`,
  forgetRemove: (count) => `削除する: ${count} 件`,
  keptByTags: (tags) => `タグ [${tags}]`,
  keptWithin: (span) => `${span} 以内`,
  keptCount: (of, oldest) => `${units[of]}${oldest ? '（最古）' : ''}`,
  keptBucketWithin: (of, oldest, span) => `${span} 以内の${units[of]}${oldest ? '（最古）' : ''}`,
  keptAmongVerified: (rule) => `${rule}（検証済みのうち）`,
  keptAmongSettled: (rule) => `${rule}（最近届いたもの・日時が疑わしいものを除く）`,
  keptHeld: (by) => (by.length === 0 ? '保全' : `保全（${by.join('、')}）`),
  keptFrozen: (): string => '凍結中:最新のものが破損の疑いあり',
  keptFuture: () => '未来の日時',
  keptLastVerified: () => '最新の検証済み',
  keptNotCovered: () => '代わりになる新しい検証済みがない',
  goesByNoRule: () => '残す規則なし',
  goesAsNamed: () => '指定',
  goesAsCovered: (by) => `${by} が代わり`,

  forgetNothing: () => '削除するスナップショットはありません',
  forgetDryRun: (count) => `試行のみ: ${count} 件のスナップショットが削除対象です`,
  askForget: (count, prune) => `${count} 件のスナップショットを削除${prune ? 'し、prune も実行' : ''}しますか?`,
  forgetDeclined: () => '何も削除していません',
  forgetDone: (count) => `${count} 件のスナップショットを削除しました`,
  forgetFailed: (count) => `${count} 件のスナップショットを削除できませんでした`,
  forgetPruneHint: () => 'データは `mailkeep prune` まで残ります',

  tagsUnchanged: () => '変更したスナップショットはありません',
  tagsChanged: (count) => `${count} 件のスナップショットを変更しました`,
  tagChanged: (from, to) => `スナップショット ${from} は ${to} になりました`,
};
