import type { backupMessages as english } from '../english/backup.ts';

export const backupMessages: typeof english = {
  backupPhase: () => '読み取り中',
  snapshotSaved: (id) => `スナップショット ${id} を保存しました`,
  dryRunDone: () => '試行のみ: 何も書き込んでいません',
  skippedUnchanged: () => '前回から変更がないため、スナップショットは作成していません',
  filesKept: ({ fresh, changed, renamed, unmodified }) =>
    `ファイル: 新規 ${fresh}、変更 ${changed}、名前変更 ${renamed}、変更なし ${unmodified}`,
  directoriesKept: ({ fresh, changed, unmodified }) =>
    `フォルダー: 新規 ${fresh}、変更 ${changed}、変更なし ${unmodified}`,
  bytesAdded: (added, stored) => `追加: ${added}（保存 ${stored}）`,
  processed: (files, bytes, duration) => `対象: ${files} ファイル、${bytes}、所要 ${duration}`,
  unreadable: (count) => `${count} 件を読み取れませんでした。スナップショットは不完全と記録されています`,
  changedWhileRead: (count) => `${count} 件のファイルが読み取り中に変更されました`,
  howToGetBack: (id) => `復元: mailkeep restore ${id} --target フォルダー    内容の確認: mailkeep ls ${id}`,
};
