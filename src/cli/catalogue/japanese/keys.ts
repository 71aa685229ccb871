import type { keyMessages as english } from '../english/keys.ts';

export const keyMessages: typeof english = {
  keyColumns: () => ({ id: ' ID', user: 'ユーザー', host: 'ホスト', created: '作成日時' }),
  newPasswordFor: (location) => `${location} の新しい鍵`,
  keyAdded: (id) => `鍵 ${id} を追加しました`,
  keyChanged: (id) => `パスワードを変更しました。現在の鍵は ${id} です`,
  keyRemoved: (id) => `鍵 ${id} を削除しました`,
  askKeyRemove: (id) => `鍵 ${id} を削除しますか? そのパスワードでは何も開けなくなります。`,
  keyKept: () => '鍵は削除していません',
  keyRevocation: () =>
    '古いパスワードでリポジトリを読んだ人は、マスター鍵を保存しているかもしれません。締め出すには新しいリポジトリが必要です。',
};
