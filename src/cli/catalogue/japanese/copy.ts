import type { copyMessages as english } from '../english/copy.ts';

export const copyMessages: typeof english = {
  snapshotCopied: (from, copy, there) =>
    copy === undefined
      ? `スナップショット ${from} はすでに ${there} としてあります`
      : `スナップショット ${from} を ${copy} としてコピーしました`,
  copyDone: (snapshots, blobs, bytes) =>
    `${snapshots} 個のスナップショットをコピーしました。新しいブロブ ${blobs} 個、${bytes} を書き込みました`,
};
