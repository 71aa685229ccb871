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

  comparing: (before, after) => `スナップショット ${before} から ${after} への変更:`,
  filesDiffer: (added, removed, changed) => `ファイル: 新規 ${added}、削除 ${removed}、変更 ${changed}`,
  foldersDiffer: (added, removed) => `フォルダー: 新規 ${added}、削除 ${removed}`,
  othersDiffer: (added, removed) => `その他: 新規 ${added}、削除 ${removed}`,
  blobsDiffer: (added, removed) => `ブロブ: 新規 ${added}、削除 ${removed}`,
  bytesDiffer: (added, removed) => `データ: 新規 ${added}、削除 ${removed}`,

  foundIn: (id, time) => `スナップショット ${id}（${time}）:`,
  nothingFound: () => '見つかりませんでした',
  messagesFound: (count) => `${count} 通のメールが見つかりました`,

  tooManyKeywords: (folder, count) =>
    `${folder} にはキーワードが ${count} 個あり、Maildir のファイルに書けるのは 26 個までです（残りはスナップショットにのみあります）`,

  leftOutOfArchive: (count) => `アーカイブに入れられない種類の項目 ${count} 件を除きました`,
  renamedInArchive: (count) =>
    `UTF-8 でない名前 ${count} 件では該当バイトを \\xNN と書きました（tar ならそのまま残ります）`,
};
