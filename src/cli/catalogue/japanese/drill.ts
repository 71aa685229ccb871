import type { DrillCheckName, DrillFinding, DrillSkip } from '../../../model/drill/drill-record.ts';
import type { drillMessages as english } from '../english/drill.ts';

const number = (count: number): string => count.toLocaleString('en');

const checkNames: Readonly<Record<DrillCheckName, string>> = {
  backup: 'バックアップ',
  restore: '復元',
  databases: 'データベース',
  logins: 'ログイン',
  folders: 'フォルダー',
  messages: 'メッセージ',
  flags: 'フラグ',
  'mail-flow': 'メールの送受信',
  users: 'ユーザーの作成・変更・削除',
  webmail: 'ウェブメールのテーブル',
  'webmail-login': 'ウェブメールへのログイン',
  'mail-key': '暗号化メール',
  sieve: 'Sieve フィルター',
  dkim: 'DKIM 鍵',
  certificates: '証明書',
};

const units: Readonly<Record<DrillCheckName, string>> = {
  backup: '個の圧縮コンポーネント',
  restore: 'ファイル',
  databases: '個のデータベースとテーブル',
  logins: '回のログイン',
  folders: 'フォルダー',
  messages: '通',
  flags: '通分',
  'mail-flow': '通を送信',
  users: '段階',
  webmail: '人のユーザー',
  'webmail-login': '回のログイン',
  'mail-key': '通を復号',
  sieve: '個のフィルター',
  dkim: '個の鍵',
  certificates: '枚の証明書',
};

const inBrackets = (detail: string): string => (detail === '' ? '' : `（${detail}）`);
const because = (detail: string): string => (detail === '' ? '' : `: ${detail}`);

const sentences: Readonly<Record<DrillFinding['kind'], (finding: DrillFinding) => string>> = {
  'file-damaged': ({ subject, detail }) => `ファイル ${subject} が書き込んだ時の内容と違います${because(detail)}`,
  'not-restored': ({ subject, detail }) => `${subject} を復元できませんでした${because(detail)}`,
  'message-missing': ({ subject, count, detail }) =>
    count === 1 && detail === ''
      ? `メッセージがありません: ${subject}`
      : `${subject} に ${number(count)} 通のメッセージがありません${inBrackets(detail)}`,
  'message-differs': ({ subject }) =>
    `メッセージの内容がバックアップ時と違います（ハッシュが一致しません）: ${subject}`,
  'message-unserved': ({ subject, count, detail }) =>
    `${subject}: メールサーバーが ${number(count)} 通をバックアップどおりに表示しません${inBrackets(detail)}`,
  'folder-missing': ({ subject }) => `メールサーバーがフォルダー ${subject} を表示しません`,
  'folder-unreadable': ({ subject, detail }) => `${subject} を開けません${because(detail)}`,
  'identity-changed': ({ subject, count, detail }) =>
    `${subject}: ${detail} が変わったため、${number(count)} 通がすべてのメールソフトで再ダウンロードされます`,
  'flag-lost': ({ subject, count, detail }) =>
    `${subject}: ${number(count)} 通のフラグが失われました${inBrackets(detail)}`,
  'keyword-nameless': ({ subject, count, detail }) =>
    `${subject}: ${number(count)} 通のフラグが失われました: dovecot-keywords にキーワード ${detail} の名前がありません`,
  'login-refused': ({ subject, detail }) => `${subject} がログインできません${because(detail)}`,
  'hash-unusable': ({ subject }) => `${subject} のパスワードハッシュは Dovecot で使えません`,
  'no-accounts': ({ subject }) => `${subject} にアカウントがありません。誰もログインできません`,
  'dump-failed': ({ subject, detail }) => `ダンプ ${subject} を読み込めませんでした${because(detail)}`,
  'table-empty': ({ subject, count }) =>
    `テーブル ${subject} が空です。前回合格した訓練では ${number(count)} 行ありました`,
  'table-missing': ({ subject, count }) =>
    `テーブル ${subject} がありません。前回合格した訓練では ${number(count)} 行ありました`,
  'mail-refused': ({ subject, detail }) => `${subject} 宛てのメールが受け付けられません${because(detail)}`,
  'mail-not-delivered': ({ subject, detail }) => `${subject} 宛てのメールが配送されません${because(detail)}`,
  'mail-not-seen': ({ subject }) => `${subject} 宛てのメールは配送されましたが、受信者に見えません`,
  'mail-not-sent': ({ subject, detail }) => `${subject} からメールを送信できません${because(detail)}`,
  'alias-nowhere': ({ subject, detail }) => `エイリアス ${subject} の宛先 ${detail} は誰のアドレスでもありません`,
  'user-not-created': ({ subject, detail }) => `${subject} に新しいユーザーを作成できません${because(detail)}`,
  'user-not-let-in': ({ subject }) => `${subject} に作成したユーザーがログインできません`,
  'user-not-changed': ({ subject, detail }) =>
    `${subject} の新しいユーザーのパスワードを変更できません${because(detail)}`,
  'old-password-accepted': ({ subject }) => `${subject} の新しいユーザーが、変更後も古いパスワードでログインできます`,
  'user-not-deleted': ({ subject, detail }) =>
    detail === ''
      ? `${subject} から削除したユーザーがまだログインできます`
      : `${subject} から新しいユーザーを削除できません: ${detail}`,
  'webmail-table-missing': ({ subject }) => `ウェブメールのテーブル ${subject} がありません`,
  'webmail-orphans': ({ subject, count }) =>
    `ウェブメールのテーブル ${subject} の ${number(count)} 行に対応するユーザーがいません`,
  'webmail-nameless': ({ subject, count }) =>
    `ウェブメール ${subject} の ${number(count)} 人の差出人情報（identity）が失われました`,
  'webmail-no-page': ({ subject, detail }) => `ウェブメール ${subject} のページが表示されません${because(detail)}`,
  'webmail-database-refused': ({ subject, detail }) =>
    `ウェブメール ${subject} は復元したデータベースで動作しません${because(detail)}`,
  'webmail-login-refused': ({ subject, detail }) => `${subject} がウェブメールにログインできません${because(detail)}`,
  'webmail-no-mailbox': ({ subject, detail }) =>
    `${subject} のウェブメールに受信トレイが表示されません${because(detail)}`,
  'mail-key-missing': ({ count }) =>
    `${number(count)} 通が暗号化（mail_crypt）されていますが、バックアップに鍵がありません`,
  'mail-undecryptable': ({ subject, detail }) => `${subject} をバックアップの鍵で復号できません${because(detail)}`,
  'sieve-error': ({ subject, detail }) => `フィルター ${subject} をコンパイルできません${because(detail)}`,
  'dkim-mismatch': ({ subject, detail }) => `DKIM 鍵 ${subject} が公開テキスト ${detail} と一致しません`,
  'dkim-unreadable': ({ subject }) => `DKIM 鍵 ${subject} は鍵として読めません`,
  'certificate-expired': ({ subject, detail }) => `証明書 ${subject} は ${detail} に失効しました`,
  'certificate-early': ({ subject, detail }) => `証明書 ${subject} は ${detail} より前は有効ではありません`,
  'certificate-key-differs': ({ subject }) => `証明書 ${subject} が隣の秘密鍵と一致しません`,
  'certificate-key-missing': ({ subject }) => `証明書 ${subject} の秘密鍵がありません`,
  'certificate-unreadable': ({ subject }) => `証明書 ${subject} を読めません`,
};

const skips: Readonly<Record<DrillSkip['reason'], (detail: string) => string>> = {
  'nothing-there': () => 'バックアップに含まれていません',
  'no-program': (detail) => `ここにインストールされていません: ${detail}`,
  'no-image': (detail) => `ここにインストールされておらず、このマシンのコンテナイメージにもありません: ${detail}`,
  'no-maildir': (detail) =>
    `コンポーネント ${detail} に Maildir がありません。空か、別の形式 (mdbox, sdbox) のメールで、メッセージを一通も確かめられません`,
  'no-public-text': (detail) => `${detail} の隣に公開テキストがありません`,
  'no-password': () =>
    'パスワードが不明です。ハッシュは形だけを確かめ、メールボックスはマスターユーザーで開きました（設定の drill: logins: でログインに使うアカウントを指定できます）',
  'accounts-unknown': () =>
    'データベースに既知のアカウント表がありません（設定の drill: accounts: で問い合わせを指定できます）',
  'hash-foreign': (detail) =>
    `${detail} のパスワードは試せません。ハッシュは Mailu (passlib) の形式で、Dovecot は対応していません（形だけを確かめました）`,
  'kind-not-loaded': (detail) => `${detail} は読み込みの対象外のデータベースです`,
  'needs-superuser': (detail) => `${detail} を起動できるのは root だけです`,
  'sent-without-login': () =>
    'パスワードが不明なため、外部へのメールはログインせずに送信しました（設定の drill: logins: で指定できます）',
  'no-webmail-login': () => 'ウェブメールへのログインは試していません。開けるメールボックスがありません',
  'webmail-password-made-up': (detail) =>
    `パスワードが不明なため、${detail} は訓練用に作成したパスワードでウェブメールにログインしました（設定の drill: logins: でログインに使うアカウントを指定できます）`,
  'program-closed': (detail) => `${detail} のプログラムは、訓練で実行に使うユーザー nobody から読めません`,
  'schema-unknown': (detail) =>
    detail === ''
      ? 'データベースに Postfixadmin 形式のユーザー表がありません'
      : `ユーザー表に未知の必須列があります（${detail}）`,
};

export const drillMessages: typeof english = {
  drillCleared: (count) => `終わらなかった訓練 ${number(count)} 件の残りを停止して削除しました`,
  drillHeadline: (server, passed, findings, skipped) => {
    const open = skipped === 0 ? '' : `。${number(skipped)} 項目は確かめていません`;
    if (!passed && findings === 0) return `訓練不合格: ${server} が復旧できることを確かめられませんでした${open}`;
    return passed
      ? `訓練合格: ${server} はこのバックアップから復旧できます${open}`
      : `訓練不合格: ${server} は完全には復旧できません。問題 ${number(findings)} 件${open}`;
  },
  drillNotDone: () => '復旧訓練を実施できませんでした',
  drillBackup: (backup, time, age) => `バックアップ: ${backup}（${time}、${age} 前 = RPO）`,
  drillIncomplete: () => 'このバックアップは不完全です。作成時に欠けていた部分があります',
  drillSample: (messages, whole, percent) => `標本: ${number(whole)} 通のうち ${number(messages)} 通（${percent} %）`,
  drillAll: (messages, accounts) => `${number(messages)} 通、${number(accounts)} アカウント`,
  drillProgram: ({ name, image }) => (image === undefined ? name : `${name}（イメージ ${image} のコンテナ）`),
  drillPrograms: (programs) => `訓練で起動したもの: ${programs.join('、')}`,
  drillCheck: (name) => checkNames[name],
  drillOutcome: (outcome) => ({ passed: '良好', failed: '不合格', skipped: '未確認' })[outcome],
  drillLooked: (name, count) => `${number(count)} ${units[name]}`,
  drillFinding: (finding) => sentences[finding.kind](finding),
  drillMore: (count) => `… ほか ${number(count)} 件`,
  drillSkip: ({ reason, detail }) => skips[reason](detail),
  drillTimes: () => '復旧時間',
  drillTime: (name, measured, whole) =>
    measured === whole ? `${name}: ${measured}` : `${name}: ${whole}（標本では ${measured}）`,
  drillStart: () => 'メールサーバーの起動',
  drillRecovery: (time) => `全体: ${time}（RTO）`,
  drillGoal: (goal) => `目標の ${goal} を超えています`,
  drillTrend: () => 'これまでの訓練',
  drillPoint: (time, passed, recovery, age) => `${time}: ${passed ? '合格' : '不合格'}、RTO ${recovery}、RPO ${age}`,
  drillChecks: () => '確認項目',
  drillWritten: (file) => `報告書: ${file}`,
  drillStatusFailed: (time, first) => `${time} の訓練が不合格でした: ${first}`,
  drillStatusUnknown: (why) => `直近の訓練の結果が分かりません: ${why}`,
  drillStatusLast: (server, time, rto) => `${server}: 直近の訓練は合格（${time}）。復旧に要した時間 ${rto}`,
  drillSubject: (server, date) => `${server} の復旧訓練に合格しました - ${date}`,
};
