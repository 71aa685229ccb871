import type { restoreMessages as english } from '../english/restore.ts';

type PlanCounts = Parameters<typeof english.planCreate>[0];

const amount = ({ files, folders, bytes }: PlanCounts): string => `ファイル ${files}、フォルダー ${folders}、${bytes}`;

const losses: Readonly<Record<string, string>> = {
  owner: '所有者・グループ',
  setuid: 'setuid・setgid',
  mode: 'モード',
  time: '日時',
  nanoseconds: '日時の末尾（マイクロ秒まで設定）',
  xattr: '拡張属性',
  acl: 'アクセス制御リスト',
  'hard-link': 'ハードリンク（独立したファイルとして作成）',
  device: 'デバイス',
  fifo: '名前付きパイプ',
  socket: 'ソケット',
  irregular: '種類不明の項目',
  keyword: 'キーワード（フォルダーに空きの文字がありません）',
  'uid-list': 'UID の一覧（メールサーバーが新しく作ります）',
};

export const restoreMessages: typeof english = {
  imported: ({ messages, folders, damaged }, id) =>
    `取り込み: ${folders} フォルダーの ${messages} 通` +
    (damaged === 0 ? '' : `（壊れた ${damaged} 通を除く）`) +
    (id === undefined ? '（試行のみ: 何も書き込んでいません）' : `、スナップショット ${id}`),
  mailPlan: (place) => `${place} へ復元するメール:`,
  mailPlanFolder: (folder, count, bytes) => `  ${folder}: ${count} 通、${bytes}`,
  mailRestored: (count, bytes, place) => `復元: ${count} 通、${bytes}（${place}）`,
  mailLeft: (count) => `そのまま: すでにある ${count} 通`,
  restorePlan: (source, target) => `${source} を ${target} へ復元します:`,
  planCreate: (counts) => `  新規:       ${amount(counts)}`,
  planOverwrite: (counts) => `  上書き:     ${amount(counts)}`,
  planLeave: (counts) => `  そのまま:   ${amount(counts)}`,
  planRefused: (count) => `  復元しない: ${count} 件`,
  planOverwrites: (path) => `    上書き ${path}`,
  planRefusal: (path, reason) => `    ${path}: ${reason}`,
  planMore: (count) => `    ほか ${count} 件（--verbose ですべて表示）`,
  askOverwrite: (files, target) => `${target} の ${files} ファイルを上書きしますか?`,
  askInPlace: (target) => `元の場所 ${target} へ復元しますか?`,
  declined: () => '何も復元していません',
  planOnly: () => '試行のみ: 何も書き込んでいません',
  restored: (counts, duration) => `復元: ${amount(counts)}、所要 ${duration}`,
  leftAsIs: (counts) => `そのまま: ${amount(counts)}`,
  restoreFailed: (count) => `${count} 件を復元できませんでした`,
  notRestoredHere: (kind, count) => `ここでは復元できないもの: ${losses[kind] ?? kind}（${count} 件）`,
  verified: () => '検証済み: 復元したものはスナップショットと一致します',
  verifiedWrong: (count) => `検証: ${count} 件がスナップショットと異なります`,
  accountPlan: (account) => `アカウント ${account} へ追加するメール（追加のみ、変更なし）:`,
  accountPlanFolder: (plan) =>
    `  ${plan.from} -> ${plan.to}${plan.create ? '（新規）' : ''}: 追加 ${plan.add} 通（${plan.bytes}）、既にある ${plan.present} 通`,
  accountPlanRefused: (folder, count, reason) => `  ${folder}: ${count} 通は復元しません: ${reason}`,
  askAccount: (messages, account) => `${account} に ${messages} 通を追加しますか?`,
  accountRestored: (messages, bytes, present) => `追加: ${messages} 通、${bytes}。既にあったもの: ${present} 通`,
  accountNotTried: (count) => `${count} 通は試みていません`,
  mailNotAdded: (count) => `${count} 通を追加できませんでした`,
  flagNotKept: (flag, count) => `サーバーが ${flag} を保持しないため、${count} 通で省きました`,
  accountVerified: (folder, expected, missing) =>
    `検証: ${folder}: ${expected} 通のうち ${expected - missing} 通がバイト単位で一致します`,
};
