import type { historyMessages as english } from '../english/history.ts';

export const historyMessages: typeof english = {
  historyEmpty: () => '記録された実行はまだありません',
  historyColumns: () => ['ID', '開始', '時間', '種類', '新着', '消えた', '保存', '結果'],
  historyVerdict: (verdict) => ({ good: '正常', attention: '要確認', failed: '失敗' })[verdict],
  historyCutOff: () => '中断: 強制終了されたか、マシンが停止しました',
  historyUnderWay: () => '実行中',
  historyEnd: (verdict, exitCode) => `${verdict}、終了コード ${exitCode}`,
  historyGood: () => '正常',
  historyIncomplete: (reason) => `不完全: ${reason}`,
  historyHeld: (reasons) => `ブレーキにより保留: ${reasons}`,
  historyFailed: (sentence) => `失敗: ${sentence}`,
  historySkipped: (reason) => `省略: ${reason}`,
  historyMessages: (count, stored) => `  合計:     ${count.toLocaleString('ja')} 通。新たに ${stored} を保存`,
  statusLastRun: (time, state) => `前回の実行: ${time}、${state}`,
  statusShare: (good, all) =>
    `90 日間の実行 ${all.toLocaleString('ja')} 回のうち ${good.toLocaleString('ja')} 回が正常に終わりました`,
  historyStored: (bytes, snapshots, cost) =>
    `  保持:     ${bytes}、スナップショット ${snapshots.toLocaleString('ja')} 件${cost === undefined ? '' : `、月額 ${cost.amount.toFixed(2)} ${cost.currency}`}`,
};
