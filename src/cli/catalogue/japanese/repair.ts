import type { repairMessages as english } from '../english/repair.ts';

export const repairMessages: typeof english = {
  indexPlan: (plan) =>
    plan.damaged_indexes + plan.missing_packs + plan.packs_to_read === 0
      ? '索引は正常です'
      : `壊れた索引 ${plan.damaged_indexes} 個、索引にないパック ${plan.unlisted_packs} 個、大きさの違うパック ${plan.wrong_size_packs} 個、失われたパック ${plan.missing_packs} 個。${plan.packs_to_read} 個のパックを読み、索引を書き直します`,
  lostFound: (removed, overwritten) =>
    removed + overwritten === 0
      ? 'その時点以降に削除や上書きされたものはありません'
      : `削除された ${removed} 個、上書きされた ${overwritten} 個のオブジェクトを元に戻せます`,
  lostBroughtBack: (count) =>
    `${count} 個のオブジェクトを元に戻しました。次に mailkeep check --read-data を実行してください`,
  objectsHeld: (extended, enough, until) =>
    `${until} まで削除から保護します: 延長 ${extended} 個、すでに十分な期間のもの ${enough} 個`,
  indexMended: (packs, indexes) => `${packs} 個のパックを登録し直し、索引 ${indexes} 個を書きました`,
  packPlan: (id) =>
    `パック ${id} の読める部分を保存し直します。パックは pack-${id.slice(0, 8)}… としてここに残し、リポジトリからは削除します`,
  packMended: (id, readable, lost) =>
    `パック ${id}: ${readable} ブロブを救出、${lost} ブロブは失われました${lost > 0 ? '。次に mailkeep repair snapshots を実行してください' : ''}`,
  snapshotRewritten: (id, newId, forget) =>
    newId === undefined
      ? `スナップショット ${id} を作り直します${forget ? '(古い方は削除)' : ''}`
      : `スナップショット ${id} を ${newId} として作り直しました${forget ? '(古い方は削除)' : ''}`,
  snapshotLost: (id, removed) => `スナップショット ${id}: 何も残っていません${removed ? '。削除しました' : ''}`,
  snapshotUnchanged: (id) => `スナップショット ${id} はそのままです`,
  migrations: (name) => (name === undefined ? 'リポジトリは最新の版です' : `${name}: 圧縮のできる第 2 版にします`),
  upgradePlan: () => 'リポジトリを第 2 版にします。restic 0.14 以降で読めますが、それより古いものでは読めなくなります',
  upgraded: (copy) =>
    `リポジトリは第 2 版になりました。古い config は ${copy} に残してあります。mailkeep prune --repack-uncompressed で既存のデータを圧縮できます`,
};
