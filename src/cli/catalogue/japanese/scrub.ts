import type { scrubMessages as english } from '../english/scrub.ts';

const kinds = {
  missing: 'がありません',
  differs: 'の内容が書き込んだものと違います',
  unreadable: 'を読めません',
} as const;
const andOthers = (others: number): string =>
  others === 0 ? '' : `（ほか ${others.toLocaleString('en')} 件の同じファイル）`;

export const scrubMessages: typeof english = {
  scrubRead: (server, files, bytes, percent) =>
    `${server}: ${files.toLocaleString('en')} ファイル、${bytes} を読み直しました（ディスクの ${percent} %）`,
  scrubFromMemory: () => 'メモリーから読んだ可能性があります。任意パッケージ koffi がないため、破棄を依頼できません',
  scrubBad: (name, kind) => `破損: ${name} ${kinds[kind]}`,
  scrubSame: (name) => `同じファイル: ${name}`,
  scrubAllRead: (time) => `ディスクの全ファイルを ${time} 以降に読み直しました`,
  scrubNotAllRead: () => 'まだ読み直していないファイルがあります。毎晩少しずつ読みます',
  scrubNothingToMend: () => '破損は知られていません',
  scrubMend: (kind, name, others, from) =>
    kind === 'mended'
      ? `修復しました: ${name}${andOthers(others)}（${from} から）`
      : `修復できます: ${name}${andOthers(others)}（${from} から）`,
  scrubLost: (name, others) => `修復不能: ${name}${andOthers(others)}。正しいコピーが見つかりません`,
  scrubAskMend: (count) => `${count.toLocaleString('en')} ファイルを修復しますか?`,
  scrubRepository: (repository, packs, bytes, damage) =>
    `${repository}: ${packs.toLocaleString('en')} パック、${bytes} を読み直しました。${damage === 0 ? '異常なし' : `破損 ${damage} 件`}`,
  scrubNoServer: () => '設定にサーバーがありません。docs/mail-server.md をご覧ください',
};
