import type { upkeepMessages as english } from '../english/upkeep.ts';

const labels = {
  verify: '  検証:     ',
  forget: '  削除:     ',
  prune: '  整理:     ',
  hold: '  保護:     ',
  copy: '  複製:     ',
} as const;

export const upkeepMessages: typeof english = {
  upkeepVerified: (packs, bytes) =>
    `${labels.verify}パック ${packs.toLocaleString('ja')} 個（${bytes}）を読み戻し、すべて無事でした`,
  upkeepForgotten: (removed, kept, frozen) =>
    `${labels.forget}スナップショット ${removed.toLocaleString('ja')} 件。残り ${kept.toLocaleString('ja')} 件${frozen === 0 ? '' : `（うち ${frozen.toLocaleString('ja')} 件はブレーキにより凍結）`}`,
  upkeepPruned: (bytes) => `${labels.prune}${bytes} を解放しました`,
  upkeepHeld: (extended, held) =>
    `${labels.hold}${extended.toLocaleString('ja')} 個の保護期限を延ばしました。${held.toLocaleString('ja')} 個は十分な期限がありました`,
  upkeepCopied: (to, count, bytes) =>
    `${labels.copy}スナップショット ${count.toLocaleString('ja')} 件を ${to} へ${count === 0 ? '' : `（${bytes}）`}`,
  upkeepIncomplete: (reason) => `            ただし: ${reason}`,
  upkeepSkipped: (step, reason) => `${labels[step]}省略: ${reason}`,
  upkeepFailed: (step, sentence) => `${labels[step]}失敗: ${sentence}`,

  maintainNothing: () => '設定にリポジトリがありません',
  planVerify: (parts) => (parts === 1 ? '  検証の予定: すべて' : `  検証の予定: 新しいものと、残りの ${parts} 分の 1`),
  planForget: (count) => `  削除の予定: スナップショット ${count.toLocaleString('ja')} 件`,
  planPrune: () => '  整理の予定:',
  planHold: (until) => `  保護の予定: すべてを ${until} まで`,
  planCopy: (to, count) => `  複製の予定: スナップショット ${count.toLocaleString('ja')} 件を ${to} へ`,
  planLeft: () => '  追記専用: run は削除と整理を maintain に任せます',
};
