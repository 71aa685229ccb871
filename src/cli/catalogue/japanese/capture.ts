import type { captureMessages as english } from '../english/capture.ts';

export const captureMessages: typeof english = {
  accountHeading: (name, host) => `${name}（${host}）`,
  accountFailed: (name, sentence) => `${name}: ${sentence}`,
  accountFetched: (messages, bytes) => `  取得: ${messages} 通、${bytes}`,
  accountChanges: (gone, changedBodies) =>
    `  消失: ${gone} 通${changedBodies === 0 ? '' : `、本文が変わったもの ${changedBodies} 通`}`,
  accountComplete: (server, snapshot, folders) =>
    `  完全: サーバー ${server} 通 = スナップショット ${snapshot} 通、${folders} フォルダー、説明のない差 0`,
  accountDifferent: (server, snapshot, explained, unexplained) =>
    `  差あり: サーバー ${server} 通、スナップショット ${snapshot} 通。説明のある差 ${explained}、説明のない差 ${unexplained}`,
  accountFolderDiffers: (folder, uid, reason) =>
    `    ${folder}${uid === undefined ? '' : ` UID ${uid}`}: ${reason === '' ? '説明なし' : reason}`,
  accountMoreDifferences: (count) => `    ほか ${count} 件`,
  accountSnapshot: (id) => `  スナップショット: ${id}`,
  brakeHolds: () => '  ブレーキ: 破損の疑いがあります。すべて保存し、古いものは一切削除しません:',
  brakeConfirm: (name) =>
    `  アカウントを確認し、これで正しければ一度だけ実行してください: mailkeep run ${name} --confirm`,
  brakeConfirmed: () => '  正しいと確認されたもの:',
  brakeReason: (sentence) => `    - ${sentence}`,
  brakeAccountEmpty: (before) =>
    before === 0 ? 'アカウントにメールが一通もありません' : `アカウントが空です（以前は ${before} 通）`,
  brakeAccountGone: (gone, before) => `アカウントの ${before} 通のうち ${gone} 通が消えています`,
  brakeFolderGone: (folder, gone, before) => `${folder} の ${before} 通のうち ${gone} 通が消えています`,
  brakeRenumbered: (folders, of) => `${of} フォルダーのうち ${folders} で UIDVALIDITY が変わりました`,
  brakeBodiesChanged: (messages) => `${messages} 通の本文が以前と異なります`,
  brakeOddContent: (files, of) => `調べた新着・変更メール ${of} 通のうち ${files} 通がメールではありません`,
  brakeDumpShrank: (dump, bytes, usual) => `${dump} は ${bytes} です（通常は ${usual}）`,
  brakeTablesLost: (dump, tables) =>
    `${dump} からテーブル ${tables.length} 個が消えています: ${tables.slice(0, 5).join('、')}${tables.length > 5 ? ' …' : ''}`,
  brakeNoNewMail: (deliveries) => `新着メールがありませんが、メールサーバーのログには配信が ${deliveries} 件あります`,
  runWaits: (pid: number | undefined): string =>
    `別の実行が進行中です${pid === undefined ? '' : `（プロセス ${pid}）`}。終わるまで待ちます`,
  confirmNames: () => '--confirm は確認したアカウントにだけ使えます。名前を指定してください',
  statusColumns: () => ({ account: 'アカウント', good: '最後の正常', messages: '通数', state: '状態' }),
  statusNever: () => 'なし',
  statusAge: (time, age) => `${time}（${age}前）`,
  statusGood: () => '完全',
  statusBraked: () => 'ブレーキ',
  statusIncomplete: () => '不完全',
  statusUnexplained: (count) => `説明のない差 ${count}`,
  statusFromFuture: (count) => `未来の日時のスナップショット ${count.toLocaleString('ja')} 件`,
  statusCutOff: () => '中断中、続きから再開',
  statusLastFailed: (time, why) => `${time} に失敗: ${why}`,
  statusTooOld: (limit) => `${limit} より古い`,
};
