import type { PackFate } from '../../../store/restic/prune/planned-pack.ts';
import type { pruneMessages as english } from '../english/prune.ts';

const reasons: Readonly<Record<PackFate['reason'], string>> = {
  used: '使用中',
  tolerated: '一部は未使用(--max-unused の範囲内)',
  'small-but-few': '小さいが数が少ない',
  'repack-limit': '次回に回す(--max-repack-size)',
  'not-cacheable': 'フォルダーのパックではない(--repack-cacheable-only)',
  'partly-used': '一部だけが使用中',
  mixed: 'フォルダーと内容が混在',
  uncompressed: '未圧縮',
  small: '小さい',
  unused: '使われているものがない',
  unindexed: 'どの索引にもない',
  missing: '存在せず、必要とされてもいない',
};

export const pruneMessages: typeof english = {
  pruneLabels: () => ({
    used: '使用中:          ',
    unused: '未使用:          ',
    unreferenced: '索引にない:      ',
    repack: '詰め直し:        ',
    remove: '不要:            ',
    remaining: '残り:            ',
    uncompressed: '未圧縮:          ',
  }),
  blobsAndBytes: (blobs, bytes) => `${blobs} ブロブ、${bytes}`,
  packsMissing: (count) => `索引にあるが存在せず、必要でもないパックが ${count} 個あります。索引を直します`,
  removedNow: (packs, bytes) =>
    packs === 0 ? '今回削除するパックはありません' : `今回 ${packs} 個のパックを削除します: ${bytes}`,
  packsWaiting: (packs, bytes, hours) =>
    `${packs} 個のパック(${bytes})は待機中です。記録から ${hours} 時間後以降の prune で、まだ使われていなければ削除します(--grace で変更)`,
  packFate: (id, bytes, reason, now) => `パック ${id}、${bytes}: ${reason}。${now ? '今回削除' : '待機'}`,
  fateReason: (reason) => reasons[reason],
  askPrune: () => '実行しますか?',
  nothingPruned: () => '何もしませんでした',
  pruneDone: (packs, bytes, newPacks, newBytes) =>
    `${packs} 個のパックを削除しました(${bytes})${newPacks > 0 ? `。新しいパック ${newPacks} 個(${newBytes})を書き込みました` : ''}`,
  packsFailed: (count) => `${count} 個のパックを削除できませんでした。次の prune が再び試みます`,
};
