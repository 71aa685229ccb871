import type { notifyMessages as english } from '../english/notify.ts';

export const notifyMessages: typeof english = {
  newestRunIs: (state, id) =>
    state === 'under-way'
      ? `実行中です（${id}）。以下はその前の実行の報告です。`
      : `最新の実行（${id}）は途中で打ち切られ、記録がありません。以下はその前の実行の報告です。`,
  notSent: (name, sentence) => `通知 ${name} を送信できませんでした: ${sentence}`,
  waitsInOutbox: (count) => `${count} 通が送信待ちです。次の実行時に再送します。`,
  testSent: (name) => `${name}: 送信しました`,
  testSubject: (date) => `Mailkeep: テスト送信です - ${date}`,
  testText: (machine, time) =>
    `${machine} の Mailkeep から ${time} に送信した通知のテストです。対応の必要はありません。`,
  notificationColumns: () => ({ name: '名前', kind: '種類', when: '条件', waits: '送信待ち' }),
};
