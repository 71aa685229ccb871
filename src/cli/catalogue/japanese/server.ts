import type { ServerWords } from '../../../operation/report/server-words.ts';

const number = (count: number): string => count.toLocaleString('en');

export const serverMessages: ServerWords = {
  serverHeadline: ({ verdict, servers, files, bytes, needs }) => {
    if (verdict === 'good') return `異常なし: ${servers} のバックアップ完了、${number(files)} ファイル ${bytes}`;
    return `${verdict === 'failed' ? '失敗' : '不完全'}: ${servers}、要確認 ${number(needs)} 件`;
  },
  serverGoodSubject: (servers, bytes, date) => `メールサーバーバックアップ正常: ${servers} ${bytes} - ${date}`,
  needServerFailed: (server, sentence) => `${server}: ${sentence}`,
  serverBackup: (backup, path) => `${path} の ${backup}`,
  serverSnapshot: (snapshot) => `スナップショット ${snapshot}`,
  serverRemoved: (backups) => `古いバックアップ ${number(backups)} 個を削除しました`,
  serverScrubbed: (bytes, bad, mended) =>
    `ディスクの ${bytes} を読み直しました: ${bad === 0 ? '異常なし' : `破損 ${bad} ファイル、修復 ${mended}`}`,
  spaceForecast: (days, perDay) => `このままだと ${number(days)} 日で満杯です（1 日 ${perDay}）`,
  serverDisk: (percent, free) => `ディスク使用率 ${percent} %、空き ${free}`,
  serverLastGood: (time, age) => `最後の正常なバックアップ: ${time}（${age}前）`,
  serverNeverGood: () => '最後の正常なバックアップ: なし',
  componentGood: ({ name, files, bytes, written, duration, unreadable }) =>
    `${name}: ${number(files)} ファイル、${bytes}。書き込み ${written}、所要時間 ${duration}${unreadable === 0 ? '' : `。読めないもの ${number(unreadable)} 件`}`,
  componentFailed: (name, attempts, sentence) => `${name}: ${number(attempts)} 回試して失敗: ${sentence}`,

  failureTitle: (server) => `${server} バックアップ失敗レポート`,
  backupDate: (time) => `バックアップ日時: ${time}`,
  statusFailed: () => '状態: 失敗',
  duration: (time) => `所要時間: ${time}`,
  errorDetails: () => 'エラー詳細',
  mailComponent: (name) => `コンポーネント: ${name}`,
  mailError: (sentence) => `エラー: ${sentence}`,
  mailSuccess: (bytes) => `状態: 成功 (${bytes})`,
  actionRequired: () => '対応が必要なこと',
  reviewLog: (file, id) =>
    file === undefined ? `レポートを確認: mailkeep report ${id}` : `ログを確認: ${file} (mailkeep report ${id})`,
  retryManually: (command) => `手動で再実行: ${command}`,

  capacityTitle: () => 'バックアップディスク容量警告',
  mountPoint: (path) => `マウントポイント: ${path}`,
  capacity: (bytes) => `容量: ${bytes}`,
  capacityUsed: (bytes, percent) => `使用量: ${bytes} (${percent}%)`,
  capacityFree: (bytes) => `空き容量: ${bytes}`,
  capacitySummary: () => 'バックアップの概要',
  dailyBackups: (count, bytes) => `日次バックアップ: ${number(count)} 個 (${bytes})`,
  weeklyBackups: (count, bytes) => `週次バックアップ: ${number(count)} 個 (${bytes})`,
  recommendations: () => '推奨される対応',
  capacityAdvice: () => [
    'バックアップ以外の不要なファイルを確認して削除する',
    '保存する日数・週数を減らすことを検討する (keepDaily, keepWeekly)',
    'より大きいディスクか、ディスクの追加を計画する',
  ],
};
