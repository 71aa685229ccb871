import type { restoreServerMessages as english } from '../english/restore-server.ts';

const ways: Readonly<Record<Parameters<typeof english.dumpPlanned>[0]['how'], string>> = {
  create: '新規作成',
  swap: '別名で読み込み、照合後に入れ替え',
  replace: '別名で試した後、現在のものを【削除】して読み込み直し',
  add: '現在の内容に追加',
};

const list = (names: readonly string[]): string => names.join('、');

export const restoreServerMessages: typeof english = {
  backupWhole: (backup) => `${backup} を読み直しました: 破損はありません`,
  backupIncomplete: (backup) => `${backup} は不完全です: 作成時に欠けたものがあります`,
  backupUnproved: (backup) =>
    `${backup} に記された取得元と、サービスを停止・起動するコマンドは、チェックサムで確かめられません`,
  readUnmarked: (reason) =>
    `このバックアップを読み取り中であることを、同じディスクで同時に動くバックアップに知らせることができません（${reason}）`,
  serverRestorePlan: (server, backup) => `${backup} から ${server} を復元します:`,
  mailMerged: (place) => `${place}（使用中のメール: 足りないものだけを追加し、変更はしません）`,
  servicesStop: (names) => `最初に停止: ${list(names)}`,
  servicesStartFirst: (names) => `データベース読み込み前に起動: ${list(names)}`,
  servicesStart: (names) => `最後に起動: ${list(names)}`,
  servicesFailed: (reason) => `サービスを起動できませんでした: ${reason}`,
  databaseSilent: (reason) => `まだ応答がないため、サービスの起動後に確認します（${reason}）`,
  dumpPlanned: ({ into, how, tables, rows, others }) =>
    `${into}: ${ways[how]}` +
    (tables === 0 ? '' : `。テーブル ${tables}、行 ${rows}`) +
    (others === '' ? '' : `、${others}`),
  dumpRefused: (into, reason) => `${into}: 復元しません: ${reason}`,
  askServerRestore: (server, into) =>
    into === undefined
      ? `${server} を元の場所に上記のとおり復元しますか?`
      : `${into} の内容を上記のとおり上書きしますか?`,
  componentRestored: (name, written, left) =>
    `${name}: 復元 ${written.files} ファイル（${written.bytes}）、そのまま ${left.files} ファイル`,
  dumpRestored: (name, into, tables, rows) =>
    `${name}: ${into} を復元しました${tables === 0 ? '' : `（テーブル ${tables}、行 ${rows}）`}`,
  dumpNotRestored: (name, into, reason) => `${name}: ${into} を復元できませんでした: ${reason}`,
  componentNotRestored: (name, reason) => `${name}: 復元できませんでした: ${reason}`,
  componentNotBegun: (name) => `${name}: 開始していません`,
  componentCompared: (name, differences) =>
    differences === 0 ? `${name}: バックアップと一致します` : `${name}: ${differences} 件がバックアップと異なります`,
  databaseNotCompared: (name) => `${name}: データベースは照合しません`,
  serverRestored: (duration) => `すべて復元しました（所要 ${duration}）`,
  serverNotRestored: (duration) =>
    `復元できなかったものがあります（所要 ${duration}）。同じコマンドを再実行すると続きから行います`,
};
