import type { accountMessages as english } from '../english/accounts.ts';

export const accountMessages: typeof english = {
  configGood: (file, accounts, repositories) =>
    `${file} に問題はありません: アカウント ${accounts}、リポジトリ ${repositories}`,
  configBad: (file, count) => `${file} は使えません: 問題 ${count} 件`,

  loginOpenBrowser: (account) => `${account} にログインするには、次のアドレスをブラウザーで開いてください:`,
  loginPaste: () =>
    'ブラウザーが別の機械にある場合は、最後に開けないアドレスが表示されます。そのアドレスをここに貼り付けてください:',
  loginOpenPage: (account, page) => `${account} にログインするには、任意の機器で ${page} を開き、`,
  loginTypeCode: (code) => `次のコードを入力してください: ${code}`,
  loginWaiting: () => '応答を待っています。Ctrl-C で中止します。',
  loginGoodPage: () => 'ログインしました。このページは閉じてかまいません。',
  loginBadPage: () => 'Mailkeep が待っている応答ではありません。端末に戻ってください。',
  loginDone: (account) => `${account} にログインしました。今後必要な情報を保存しました`,
};
