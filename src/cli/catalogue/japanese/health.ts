import type { SmartTrouble } from '../../../model/smart-judgement.ts';
import type { healthMessages as english } from '../english/health.ts';

const sectors = {
  reallocated: '不良のため代替済み',
  pending: '現在読めません',
  uncorrectable: '訂正できませんでした',
} as const;

const warnings = {
  spare: '予備領域が尽きました',
  temperature: '温度が範囲外です',
  reliability: '信頼性が低下しています',
  'read-only': '読み取り専用になりました',
  backup: '揮発メモリーの保護に失敗しました',
  'memory-region': '永続メモリーの信頼性が低下しています',
} as const;

const troubleText = (trouble: SmartTrouble): string => {
  switch (trouble.kind) {
    case 'failing':
      return 'ディスク自身が故障を予告しています';
    case 'sectors':
      return `セクター ${trouble.count} 個: ${sectors[trouble.what]}`;
    case 'attribute':
      return `${trouble.name} が製造元のしきい値を下回っています`;
    case 'nvme-warning':
      return `警告: ${trouble.what.map((what) => warnings[what]).join('、')}`;
    case 'worn':
      return `寿命の ${trouble.percent} % を使用しています`;
    case 'spare':
      return `予備領域は残り ${trouble.percent} %（下限 ${trouble.threshold} %）`;
    case 'media-errors':
      return `媒体エラー ${trouble.count} 件`;
    case 'hot':
      return `温度 ${trouble.celsius} °C`;
    case 'self-test':
      return `前回の自己診断に失敗: ${trouble.result}`;
  }
};

const named = (device: string, model: string): string => (model === '' ? device : `${device}（${model}）`);

export const healthMessages: typeof english = {
  smartGood: (device, model, celsius, hours) =>
    `${named(device, model)} に異常はありません${celsius === undefined ? '' : `、${celsius} °C`}${
      hours === undefined ? '' : `、稼働 ${hours.toLocaleString('en')} 時間`
    }`,
  smartTroubles: (device, model, troubles) => `${named(device, model)}: ${troubles.map(troubleText).join('; ')}`,
  smartGraveHint: () => '今すぐ別のディスクへ内容を写し、交換してください。',
  smartNotInstalled: () => 'smartctl がないため、ディスク自体の状態が分かりません',
  smartNotInstalledHint: () => 'smartmontools をインストールしてください。',
  smartNoRights: (device) => `${device} の状態は root でなければ分かりません`,
  smartNoRightsHint: () => 'root で実行するか、タイマーを root で動かしてください。',
  smartNone: (device) => `${device} は状態を報告しません（仮想ディスクやカード）`,
  smartBridge: (device) => `${device} は USB ブリッジの先にあり、-d sat でも状態が分かりません`,
  smartBridgeHint: () => 'smartctl(8) でブリッジを調べるか、別のケースで検査してください。',
  smartUnreadable: (device, message) => `${device} が smartctl に応答しません${message === '' ? '' : `: ${message}`}`,
  smartAskedWell: (when) => `ディスクは ${when} の確認で正常でした (SMART)`,
  smartAskedNothing: (when) => `ディスクは ${when} の確認で何も報告しませんでした (SMART): mailkeep health`,
  smartNoDevice: () => '状態を尋ねられるディスクがありません（ネットワークやメモリー）',
  fileSystemErrors: (path, errors) =>
    `${path} のファイルシステムがエラーを ${errors.toLocaleString('en')} 件記録しています`,
  fileSystemErrorsHint: () => 'アンマウントして検査してください: e2fsck -f、または btrfs scrub と btrfs device stats。',
  fileSystemGood: (path) => `${path} のファイルシステムにエラーはありません`,
  diskAils: (sentence) => `バックアップは正常ですが、ディスクに異常があります: ${sentence}`,
  healthNoServer: () => '設定にサーバーがありません。docs/mail-server.md をご覧ください',
};
