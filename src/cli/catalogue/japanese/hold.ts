import type { holdMessages as english } from '../english/hold.ts';

export const holdMessages: typeof english = {
  holdColumns: () => ({ id: 'ID', since: '開始', what: '対象', reason: '理由', where: '場所' }),
  holdSnapshots: (ids) => `スナップショット ${ids}`,
  holdDays: (places) => places,
  holdMailbox: (name) => `メールボックス ${name}`,
  holdAccount: (name, folders) => `アカウント ${name}${folders ? '（フォルダー指定）' : ''}`,
  holdServer: (name) => `サーバー ${name}`,
  holdEverything: () => 'すべて（記録を読めません）',
  holdBy: (user, host) => `${user}@${host} による`,
  holdCase: (id) => `案件 ${id}`,
  holdDue: (date) => `見直しの期日 ${date} を過ぎています`,
  holdUntil: (date) => `${date} に見直し`,
  holdReleased: (time, user, host, reason) => `${time} に ${user}@${host} が解除：${reason}`,
  holdThere: (place, count) => `${place}：${count} 件`,
  holdNone: () => '保全されているものはありません',
  holdAdded: (id) => `保全 ${id}`,
  holdAddedTo: (place, count, isDisk) =>
    `  ${place}：現在 ${count} 個の${isDisk ? 'バックアップ' : 'スナップショット'}が保全されます`,
  holdNothingYet: () => '  まだ対象を含むものはありません。今後含むものが保全されます',
  holdEnded: (id, place) => `保全 ${id} を ${place} で解除しました`,
  holdEndedAlready: (id, place) => `保全 ${id} は ${place} ではすでに解除されています`,
  holdForged: (hold, place) =>
    `${place}：保全 ${hold} についての記録は、既知の機器を名乗っていますが偽造です。保全は続きます`,
  holdStrangeRelease: (hold, place) =>
    `${place}：鍵を知らない機器が保全 ${hold} の解除を記録しています。その鍵（evidenceKeys）を与えるか、この機器から解除するまで、保全は続きます`,
  holdUnreadable: (id, place, isRepeated) =>
    isRepeated
      ? `${place}：記録 ${id} は破損していますが、内容は他の記録に残っています`
      : `${place}：記録 ${id} が破損していて何を保全するものかわかりません。\`mailkeep hold release ${id}\` までここのすべてを保全します`,
  holdsCarried: (count) => `保全の記録 ${count} 件をコピーしました`,
};
