import type { Messages } from './english.ts';

export const japanese: Messages = {
  fault: (message) => `mailkeep: ${message}`,
  warning: (message) => `警告: ${message}`,
  hint: (hint) => `  ${hint}`,
  interruptedAgain: () => 'mailkeep: ただちに停止しました',

  firstRepository: (location) => `暗号化されたリポジトリを新しく作成しました: ${location}`,
  firstPassword: (file) => `パスワードを生成して保存しました: ${file}`,
  keepPassword: () =>
    'このパスワードファイルの写しを必ず別の場所（紙またはパスワード管理ソフト）に保管してください。これがなければ誰もバックアップを読めません。',

  backupPhase: () => '読み取り中',
  snapshotSaved: (id) => `スナップショット ${id} を保存しました`,
  dryRunDone: () => '試行のみ: 何も書き込んでいません',
  filesKept: ({ fresh, changed, renamed, unmodified }) =>
    `ファイル: 新規 ${fresh}、変更 ${changed}、名前変更 ${renamed}、変更なし ${unmodified}`,
  directoriesKept: ({ fresh, changed, unmodified }) =>
    `フォルダー: 新規 ${fresh}、変更 ${changed}、変更なし ${unmodified}`,
  bytesAdded: (added, stored) => `追加: ${added}（保存 ${stored}）`,
  processed: (files, bytes, duration) => `対象: ${files} ファイル、${bytes}、所要 ${duration}`,
  unreadable: (count) => `${count} 件を読み取れませんでした。スナップショットは不完全と記録されています`,
  changedWhileRead: (count) => `${count} 件のファイルが読み取り中に変更されました`,
  howToGetBack: (id, path) =>
    `復元: mailkeep restore ${id} --target フォルダー    内容の確認: mailkeep ls ${id} ${path}`,

  progress: (files, bytes, rate) => `${files} ファイル、${bytes}、${rate}/秒`,
  progressOf: (percent, files, bytes, rate, left) =>
    `${percent}  ${files} ファイル、${bytes}、${rate}/秒、残り ${left}`,
};
