import type { runServerMessages as english } from '../english/run-server.ts';

export const runServerMessages: typeof english = {
  serverKept: (daily, weekly) => `${daily} 日分、${weekly} 週分`,
  serverHeld: (name) => `ブレーキにより古いものは削除しません。正しければ: mailkeep run ${name} --confirm`,
  serverUnjudged: (name) =>
    `最新のスナップショットを前のものと比較できなかったため、ブレーキにより古いものは削除しません。サーバーに問題がなければ: mailkeep run ${name} --confirm`,
  serverDamaged: (backup) => `${backup} が破損しています`,
  doctorSources: (files, bytes) => `${files.toLocaleString('en')} ファイル、${bytes}。すべて読めます`,
  doctorDisk: (path, mountPoint) => `${path} は正しいディスク（${mountPoint}）にあり、書き込めます`,
  doctorDiskSpaceHint: () => '保存する日数・週数を減らすか、より大きいディスクを使ってください。',
  doctorDatabase: (name, server) => `${name}: ${server} が応答しました`,
  tablesLocked: (database, tables, more) =>
    `データベース ${database} には、トランザクションで保護されないテーブルがあります: ${tables.join('、')}${more === 0 ? '' : `、ほか ${more}`}。` +
    'ダンプ中はテーブルをロックします。',
  runNoServer: () => '--daily と --weekly はサーバー用ですが、指定されたものにサーバーはありません',
  serverFailed: (sentence) => `失敗: ${sentence}`,
};
