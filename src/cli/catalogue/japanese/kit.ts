import type { kitMessages as english } from '../english/kit.ts';

export const kitMessages: typeof english = {
  pageTitle: (host, date) => `${host} の復旧キット（${date}）`,
  pageIntro: () =>
    'ほかのすべてが失われたときに必要なものです。この機器と一緒に失われない場所に、紙と USB メモリで、バックアップとは別に保管してください。',
  pageRepository: (name) => `リポジトリ ${name}`,
  pageDisk: (server) => `${server} のディスク`,
  pageWhere: () => '場所',
  pageId: () => 'ID',
  pageKeys: () => '鍵',
  pageMounts: () => '正しいディスク',
  pagePassword: () => 'パスワード',
  pagePasswordElsewhere: () =>
    'このキットにはありません。ここに手で書くか、安全な場所に保管してください  ______________________________',
  pagePasswordShares: (needed, shares, opener) =>
    `${shares} 個の分割片のうち ${needed} 個で復元できます：${opener} kit join SHARE… --password-to password`,
  pagePasswordThere: (file) => `${file} にあります。このキットを手にした人はすべてのメールを読めます`,
  pageMailkeep: () => 'Mailkeep による方法（キット内の Mailkeep、なければ導入済みのもの）',
  pageRestic: () => 'restic だけによる方法（https://restic.net またはディストリビューションのパッケージ）',
  pageDiskBy: () =>
    'ディスクにはプログラムは不要です。日付ごとのフォルダーに checksums.sha256 があり、手順は RECOVERY.md にあります',
  pageFiles: () =>
    'ほかに：mailkeep.yaml（設定）、repositories/（各リポジトリの config と keys の写し。封印されたまま、これらだけが失われたとき用）、checksums.sha256（sha256sum --check checksums.sha256）',
  pageShare: (repository, number, shares, needed) => [
    `リポジトリ ${repository} のパスワードの分割片 ${number}/${shares}。`,
    `${needed} 個で復元でき、それより少なければ何もわかりません。ほかの分割片とは別に保管してください。`,
    `mailkeep kit join SHARE… --password-to FILE`,
  ],
  kitWould: (path) => `${path} を書き込みます`,
  kitWritten: (path) =>
    `復旧キットは ${path} にあります。${path}/kit.html を印刷し、この機器と一緒に失われない場所に保管してください`,
  kitFileWritten: (file) =>
    `復旧キットは ${file} です。${file}.html を印刷し、両方をこの機器と一緒に失われない場所に保管してください`,
  kitShares: (count, folder) =>
    `${count} 個の分割片が ${folder} にあります。それぞれ別の人に渡し、ここからは消してください`,
  askKitSecrets: () => 'このキットを手にした人はすべてのメールを読めます。パスワードを書き込みますか？',
  kitDeclined: () => 'キットは書き込みませんでした',
  kitJoined: (path) => `パスワードは ${path} にあります`,
  kitTypeShares: () => '分割片を入力してください。一つごとに空行を入れ、最後に Ctrl-D を押します。',
  doctorKitNever: () => '復旧キットがまだありません',
  doctorKitOld: () => '復旧キットを書いたあとで、鍵、場所または設定が変わりました',
  doctorKitGood: () => '復旧キットは最新です',
  doctorKitHint: () => '`mailkeep kit --output DIR` が、この機器が失われたときに必要なものを書き出します。',
};
