import type { repositoryMessages as english } from '../english/repository.ts';

const phases: Readonly<Record<string, string>> = {
  'checking keys and index': '鍵と索引を検査中',
  'checking trees': 'フォルダーの構造を検査中',
  'checking trees, reading packs': 'フォルダーの構造を検査し、パックを読み取り中',
};

export const repositoryMessages: typeof english = {
  repositoryMade: (id, location) => `リポジトリ ${id} を作成しました: ${location}`,
  passwordGenerated: (file) => `パスワードを生成して保存しました: ${file}`,
  keepInMind: () =>
    'パスワードの写しを必ず別の場所（紙またはパスワード管理ソフト）に保管してください。これがなければ誰もバックアップを読めず、取り戻す方法もありません。',
  passwordOf: (location) => `${location} のパスワード:`,
  passwordAgain: () => '確認のためもう一度:',

  checkPhase: (phase) => phases[phase] ?? phase,
  damaged: (what) => `破損: ${what}`,
  remark: (what) => `備考: ${what}`,
  adviceHeading: () => '対処:',
  advice: (hint) => `  - ${hint}`,
  checkedAll: ({ snapshots, trees, blobs, packs }) =>
    `検査対象: スナップショット ${snapshots}、フォルダー構造 ${trees}、ブロブ ${blobs}、パック ${packs}`,
  checkedRead: (read, packs, bytes) =>
    read === 0
      ? '読み取り: パックなし（--read-data ですべて読み取って検証）'
      : `読み取り: パック ${packs} 個中 ${read} 個、${bytes} の全バイト`,
  checkGood: () => '破損は見つかりませんでした',
  checkBad: (count) => `破損が見つかりました: ${count} か所`,
  checkRemarks: (count) => `無駄または乱れが ${count} 件あります。失われたものはありません`,

  locksRemoved: (count) => (count === 0 ? '削除したロックはありません' : `ロックを ${count} 件削除しました`),
  locksLeft: (count) =>
    `ロックが ${count} 件残っています: 実行中のプログラム、または 30 分以内に他の機械で動いていたプログラムのものです`,
  askUnlockAll: () => '実行中のプログラムのものも含め、すべてのロックを削除しますか?',
};
