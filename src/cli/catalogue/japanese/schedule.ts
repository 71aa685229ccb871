import type { scheduleMessages as english } from '../english/schedule.ts';

export const scheduleMessages: typeof english = {
  scheduleInstalled: (manager, result, next) =>
    `${result === 'installed' ? '登録しました' : 'すでに登録済みです'}（${manager}）。次回の実行: ${next}`,
  scheduleRemoved: (managers) =>
    managers.length === 0 ? '登録された予定はありませんでした' : `削除しました（${managers.join(', ')}）`,
  scheduleThere: (manager, name) => `${name}: 登録済み（${manager}）`,
  scheduleMissing: (manager) => `予定は登録されていません（${manager}）。\`mailkeep schedule install\` で登録できます`,
  scheduleStale: () =>
    '  登録後に設定またはプログラムが変わりました。`mailkeep schedule install` をもう一度実行してください',
  scheduleNext: (time, delay) => `  次回の実行: ${time}${delay === 0 ? '' : `（最大 ${delay} 分遅れて開始）`}`,
  scheduleLast: (time, verdict) => `  前回の定期実行: ${time}、${verdict}`,
  scheduleNeverRan: () => '  前回の定期実行: まだありません',
  scheduleVerdict: (verdict) =>
    ({ good: '正常', attention: '要確認（mailkeep report）', failed: '失敗（mailkeep report）' })[verdict],
  scheduleFromCache: () =>
    'このプログラムは npx のキャッシュにあり、消えることがあります。先に npm install --global mailkeep で入れてください',
  cronMissesNights: () =>
    'cron は機械が止まっていた夜の分を後から実行しません。`mailkeep status --max-age 26h` や ping で検知できます。',
  cronHasNoDelay: () => 'cron には無作為な遅延がないため、randomDelay は使われません。',
  systemdIsOff: () => 'ここでは systemd が動いていません。タイマーは systemd とともに機械が起動したときに始まります。',
  userNeedsLinger: (user) =>
    `ユーザーのタイマーはログイン中だけ動きます。常に動かすには: loginctl enable-linger ${user}`,
};
