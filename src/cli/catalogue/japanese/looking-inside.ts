import type { lookingInsideMessages as english } from '../english/looking-inside.ts';

export const lookingInsideMessages: typeof english = {
  snapshotColumns: () => ({
    id: 'ID',
    time: '日時',
    host: 'ホスト',
    tags: 'タグ',
    paths: 'パス',
    size: 'サイズ',
  }),
  snapshotGroup: (host, tags, paths) => {
    const parts = [
      ...(host === undefined ? [] : [`ホスト ${host}`]),
      ...(tags === undefined ? [] : [`タグ [${tags}]`]),
      ...(paths === undefined ? [] : [`パス [${paths}]`]),
    ];
    return `スナップショット（${parts.join('、')}）:`;
  },
  snapshotCount: (count, zone) => `スナップショット ${count} 件（日時は ${zone}）`,
  listingOf: (id, time, host, paths) => `スナップショット ${id}（${time}、${host}）: ${paths}`,

  statisticsLabels: () => ({
    snapshots: 'スナップショット: ',
    files: 'ファイル:         ',
    blobs: 'ブロブ:           ',
    size: 'サイズ:           ',
    uncompressed: '圧縮前:           ',
    compression: '圧縮:             ',
  }),
  compressionShares: (ratio, progress, saving) =>
    `${ratio} 分の 1、データの ${progress} % を圧縮済み、${saving} % 節約`,
};
