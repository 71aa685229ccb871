import type { accountMessages as english } from '../english/accounts.ts';

export const accountMessages: typeof english = {
  configGood: (file, accounts, repositories) =>
    `${file} に問題はありません: アカウント ${accounts}、リポジトリ ${repositories}`,
  configBad: (file, count) => `${file} は使えません: 問題 ${count} 件`,
  configNewest: (file) => `${file} はすでに最新のバージョンです`,
  configMigration: (file, from, to) => `${file} はバージョン ${from} です。バージョン ${to} では次の行が変わります:`,
  configMigrated: (file, kept) => `${file} を書き換えました。元のファイルは ${kept} として残してあります`,

  loginOpenBrowser: (account) => `${account} にログインするには、次のアドレスをブラウザーで開いてください:`,
  loginPaste: () =>
    'ブラウザーが別の機械にある場合は、最後に開けないアドレスが表示されます。そのアドレスをここに貼り付けてください:',
  loginOpenPage: (account, page) => `${account} にログインするには、任意の機器で ${page} を開き、`,
  loginTypeCode: (code) => `次のコードを入力してください: ${code}`,
  loginWaiting: () => '応答を待っています。Ctrl-C で中止します。',
  loginGoodPage: () => 'ログインしました。このページは閉じてかまいません。',
  loginBadPage: () => 'Mailkeep が待っている応答ではありません。端末に戻ってください。',
  loginDone: (account) => `${account} にログインしました。今後必要な情報を保存しました`,

  doctorLine: (state, subject, check, message) =>
    `${{ ok: '正常', warning: '警告', failed: '失敗' }[state]}  ${subject === '' ? '' : `${subject}: `}${check}: ${message}`,
  doctorAdvice: (hint) => `      ${hint}`,
  doctorSummary: (ok, warnings, failed) =>
    failed === 0 && warnings === 0
      ? `すべて正常です（${ok} 項目を確認）`
      : `失敗 ${failed} 件、警告 ${warnings} 件、正常 ${ok} 件`,
  doctorNode: (version) => `Node ${version}`,
  doctorNodeOld: (version) => `Mailkeep には Node ${version} 以降が必要です。`,
  doctorAddon: () => '拡張属性とナノ秒単位の時刻を保存できます',
  doctorNoAddon: () => '任意のアドオンがありません。拡張属性は保存されず、時刻はミリ秒単位になります',
  doctorNoAddonHint: () => 'glibc の Linux では npm で入ります。メールには必要ありません。',
  doctorConfig: (file) => file,
  doctorNoConfig: () => '設定ファイルはありません（なくても使えます）。`mailkeep init` でアカウントを設定できます',
  doctorState: (folder) => `${folder} に書き込めます`,
  doctorUsers: (count) => `ユーザー ${count} 人`,
  doctorSecret: (kind) => (kind === 'password' ? 'パスワードを読み取れました' : 'トークンを取得できました'),
  doctorDns: (host, addresses) => `${host} は ${addresses} です`,
  doctorNoTls: () => 'TLS を使いません（この機械自身にだけ許されます）',
  doctorCertificate: (subject, issuer, until) => `${subject}（発行者 ${issuer}）、${until} まで有効`,
  doctorCertificateDates: (from, to) => `証明書の有効期間は ${from} から ${to} までです`,
  doctorCertificateDatesHint: () =>
    'この機械の時計を確認してください。時計が正しければ、サーバーの管理者が証明書を更新する必要があります。',
  doctorCertificateSoon: (days) =>
    `あと ${days} 日で切れます。自分のサーバーなら、更新されない理由を確認してください。`,
  doctorLogin: (user) => `${user} としてログインできました`,
  doctorCapabilities: (there, missing) =>
    `サーバーの機能: ${there.length === 0 ? '役に立つものなし' : there.join(', ')}${missing.length === 0 ? '' : `（${missing.join(', ')} はありませんが、なくても動きます）`}`,
  doctorFolders: (wanted, all, count) => `フォルダー ${all} 個のうち ${wanted} 個、メッセージ ${count} 通`,
  doctorFoldersNone: () => 'このままでは何もバックアップされません。設定の folders を確認してください。',
  doctorClock: () => '時計は合っています',
  doctorClockBehind: (minutes) => `最新のメッセージの時刻が ${minutes} 分先です`,
  doctorClockApart: (minutes) => `時計が ${minutes} 分ずれています`,
  doctorClockHint: () => 'この機械の時計を確認してください（timedatectl）。ロックと保存期間は時計に従います。',
  doctorRepository: (location) => `${location} が見つかり、パスワードは正しいです`,
  doctorStorage: () => 'ストレージは書いたものを正しく読み、列挙し、削除でき、上書きしません',
  doctorWritable: () => 'ロックを書き込み、削除できました',
  doctorSpace: (free, percent) => `空き容量 ${free}、使用率 ${percent} %`,
  doctorSpaceHint: () => '不要なものを forget と prune で消すか、大きなディスクに替えてください。',

  setupTitle: () => 'Mailkeep',
  setupNeedsAnswer: () => '入力してください。',
  setupWhat: () => '何を設定しますか?',
  setupWhatAccount: () => 'メールアカウントと、そのバックアップ先',
  setupWhatRepository: () => 'この機械のファイルのためのリポジトリだけ',
  setupAddress: () => 'アカウントのメールアドレス',
  setupLooking: () => 'このアドレスのサーバーを探しています',
  setupFound: (host, port) => `${host}（ポート ${port}）が見つかりました`,
  setupNotFound: () => 'DNS でも自動設定でもサーバーは見つかりませんでした',
  setupIsRight: () => 'このサーバーで正しいですか? DNS の情報は保証されていません。',
  setupProvider: () => 'どのサービスですか?',
  setupOther: () => 'その他',
  setupHost: () => 'IMAP サーバーの名前',
  setupSecurity: () => '暗号化の方法',
  setupUser: () => 'ユーザー名',
  setupName: () => 'このアカウントの呼び名',
  setupLogin: () => 'ログインの方法',
  setupLoginWay: (way) =>
    ({
      'application-password': 'アプリパスワード（アカウントの設定画面で作成）',
      password: 'パスワード',
      'oauth-google': 'OAuth（Google への登録が必要: docs/accounts.md）',
      'oauth-microsoft': 'OAuth（Microsoft への登録が必要: docs/accounts.md）',
    })[way],
  setupPassword: () => 'パスワード（本人だけが読めるファイルに保存します）',
  setupApplicationPassword: () =>
    'アプリパスワード（アカウントのパスワードではありません。本人だけが読めるファイルに保存します）',
  setupClientId: () => '登録のクライアント ID（取得方法は docs/accounts.md）',
  setupClientSecret: () => 'クライアントシークレット（あれば）',
  setupExclude: () => '迷惑メールとゴミ箱を除きますか?',
  setupMirror: () => 'メールソフトで読める写し（Maildir）もこの機械に置きますか?',
  setupMirrorFolder: () => 'そのフォルダー',
  setupRepository: () => 'バックアップ先（フォルダー、または s3:…, sftp:…, rest:…, rclone:…）',
  setupLoggedIn: (user, folders, count) =>
    `${user} としてログインしました: 対象はフォルダー ${folders} 個、メッセージ ${count} 通`,
  setupAllTheSame: () => 'それでも設定を書き込みますか?',
  setupWrite: (file) => `${file} を書き込みますか?`,
  setupAdd: (file) => `アカウントを ${file} に追加しますか? 今のファイルは ${file}~ として残します。`,
  setupNothingWritten: () => '設定には何も書き込みませんでした',
  setupDone: (name, file) =>
    `アカウント ${name} を ${file} に書き込みました。\`mailkeep doctor ${name}\` で確認できます`,
};
