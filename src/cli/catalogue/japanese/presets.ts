import type { Engine, Role, Weight } from '../../../preset/finding.ts';
import type { presetMessages as english } from '../english/presets.ts';
import { type FindingTexts, textOfFinding } from '../finding-text.ts';

const list = (names: readonly string[]): string => names.join('、');

const roles: Readonly<Record<Role, string>> = {
  mail: 'メール',
  'mail-key': '暗号化メールの鍵',
  accounts: 'アカウント',
  dkim: 'DKIM 鍵',
  secrets: '設定の機密情報',
  settings: '設定',
  certificates: '証明書',
  'own-key': '独自バックアップの鍵',
  extra: 'その他のデータ',
};

const engines: Readonly<Record<Engine, string>> = {
  mariadb: 'MariaDB',
  mysql: 'MySQL',
  postgres: 'PostgreSQL',
  sqlite: 'SQLite',
  redis: 'Redis',
};

const inside = (where: string): string => (where === '' ? 'この機械の' : `${where} の`);

/** Of each finding. */
const texts: FindingTexts = {
  stack: (finding) => ({ message: `${finding.preset}（${finding.by} による）` }),
  places: (finding) => ({ message: `${finding.component}: ${list(finding.paths)}` }),
  database: (finding) => ({ message: `${finding.component}: ${inside(finding.where)} ${engines[finding.engine]}` }),
  databases: (finding) => ({
    message: `${finding.component}: データベース ${list(finding.names)} をすべてダンプします`,
  }),
  'databases-absent': (finding) => ({
    message: `${finding.component}: この種のサーバーにありうる ${list(finding.names)} はありません`,
  }),
  password: (finding) => ({
    message: `${finding.component}: パスワードは保存せず、その都度取得します: ${finding.from === '' ? '不要（ソケットが root を認識します）' : finding.from}`,
  }),
  'dkim-in-redis': (finding) => ({ message: `DKIM 鍵は Redis にあり、そのダンプ（${finding.component}）に含まれます` }),
  'compressed-mail': (finding) => ({
    message: `${finding.path} のメールは圧縮されています（${finding.form}）`,
    hint: 'そのままのバイト列を保存・復元します。戻す先のサーバーにも同じプラグインが必要です。',
  }),
  'encrypted-mail': (finding) => ({
    message: `${finding.path} のメールは暗号化されています。読むには ${list(finding.keys)} が必要で、一緒にバックアップされます`,
    hint: 'バックアップを持つ人はメールを読めます。バックアップ自体を暗号化し（リポジトリは暗号化されます）、鍵の写しを別の場所にも保管してください。',
  }),
  'volume-guessed': (finding) => ({
    message: `ボリューム ${finding.volume} の場所を確認できません。名前から ${finding.path} とします`,
  }),
  'engine-silent': () => ({
    message: 'Docker も Podman も応答しません。コンテナ名が分からないため、compose ファイルで指定します',
    hint: 'Docker を起動し、利用権限のあるユーザーで再実行してください。データベースにはいずれにせよ必要です。',
  }),
  'own-backup-key': (finding) => ({
    message: `${finding.path} は独自バックアップの鍵です。独自バックアップには含まれませんが、ここではバックアップされます`,
    hint: '写しを別の場所にも保管してください。これがないと独自バックアップは読めません。',
  }),
  'not-there': (finding) => ({
    message: `${finding.path} がありません（${roles[finding.role]}）。対象から外します`,
    hint: '別の場所にある場合は、設定に追加してください。',
  }),
  closed: (finding) => ({
    message: `${finding.path} はこのユーザーでは読めません`,
    hint: '設定には残します。このコマンドとバックアップは root で実行してください。',
  }),
  'file-closed': (finding) => ({
    message: `${finding.path} の内容を確認できません: ${finding.reason}`,
    hint: '読めるユーザーで実行してください。このファイルだけが示す場所は抜けています。',
  }),
  'file-missing': (finding) => ({
    message: `${finding.path} がありません`,
    hint: 'その値は分からず、既定値を使います。このファイルもバックアップに必要です。',
  }),
  'file-strange': (finding) => ({
    message: `${finding.path} を解釈できません: ${finding.reason}`,
    hint: '確認: docker compose config --quiet',
  }),
  'variables-missing': (finding) => ({
    message: `${finding.file} に値のない変数があります: ${list(finding.names)}`,
    hint: 'それを含むパスや名前は正しくない可能性があります。',
  }),
  'volume-driver': (finding) => ({
    message: `ボリューム ${finding.volume} のドライバーは ${finding.driver} です（${roles[finding.role]}）。場所が分からず、バックアップされません`,
    hint: 'この機械にマウントし、そのフォルダーを設定に追加してください。',
  }),
  'no-password': (finding) => ({
    message: `${finding.component}: パスワードが見つかりません（${list(finding.names)}）`,
    hint: '専用のファイル（0600）に置き、password: {file: …} または defaultsFile を書いてください。',
  }),
  'weak-user': (finding) => ({
    message: `${finding.component}: root ではなくユーザー ${finding.user} しか分かりません。ユーザーと権限は保存されません`,
    hint: '完全なバックアップには root のパスワードを指定してください。',
  }),
  'dkim-missing': (finding) => ({
    message: `DKIM の秘密鍵が${finding.places.length === 0 ? '' : ` ${list(finding.places)} に`}見つかりません`,
    hint: '署名している場合は鍵の場所を確認してください。失うと全ドメインの DNS レコードを作り直すことになります。',
  }),
  'accounts-elsewhere': (finding) => ({
    message: `アカウントは ${finding.where} にあり、ここではバックアップされません`,
    hint: 'その仕組み自体でバックアップしてください。',
  }),
  'not-maildir': (finding) => ({
    message: `${finding.path} のメールは ${finding.driver} 形式です。Dovecot の書き込み中に写したファイルは整合しないことがあります`,
    hint: 'doveadm backup で Maildir に写すか、ファイルシステムのスナップショットからバックアップしてください。',
  }),
  'user-homes': (finding) => ({
    message: `メールはユーザーのホームにあります。${finding.path} 全体をバックアップします`,
  }),
  'own-backup-key-missing': (finding) => ({
    message: `${finding.path} がありません。これがないと独自バックアップは読めません`,
    hint: '鍵を見つけ、別の場所に保管してください。',
  }),
  'not-running': (finding) => ({
    message: `そのサーバーの ${engines[finding.engine]} はここで動いていません。データベースはバックアップされません`,
    hint: '動いているサーバーでバックアップしてください。',
  }),
  'volume-unclaimed': (finding) => ({
    message: `${finding.service} が使う ${finding.path} は、どのコンポーネントにもありません`,
    hint: '作り直せないものがあれば追加してください。',
  }),
  'mail-missing': (finding) => ({
    message: `${finding.path} にメールが見つかりません`,
    hint: '設定のコンポーネント mail に場所を書いてください。',
  }),
  'service-missing': (finding) => ({
    message: `${finding.file} にサービス ${finding.service} がありません`,
    hint: '別の構成か、COMPOSE_FILE が示すファイルが必要ではありませんか?',
  }),
  'mail-key-missing': (finding) => ({
    message: `${finding.mail} のメールは暗号化されていますが、鍵 ${finding.key} がありません。バックアップを誰も読めません`,
    hint: '鍵を見つけてください。それまで毎晩のバックアップは失敗し、通知されます。',
  }),
  'mail-key-unknown': (finding) => ({
    message: `${finding.mail} のメールは暗号化されていますが、鍵が分かりません。鍵のないバックアップは読めません`,
    hint: 'Dovecot の設定の mail_crypt を確認し（ユーザーごとの鍵はメールの中、そのパスワードはアカウントのデータベースにあります）、鍵を追加してください。',
  }),
  'ldap-uncaptured': (finding) => ({
    message: 'アカウントは OpenLDAP にあり、Mailkeep はダンプできません。これがないと復元後に誰もログインできません',
    hint: `バックアップの前に cron で、対象のフォルダーへ書き出してください: ${finding.command}`,
  }),
  'ldap-copies': (finding) => ({
    message: `${finding.path}: サーバー自身による LDAP のダンプをバックアップします（最後のダンプの時点のもの）`,
    hint: 'その cron が今も動いているか確認してください。',
  }),
  forgotten: (finding) => ({
    message: `${finding.path} はどのコンポーネントにもありません（${roles[finding.role]}）`,
    hint: '設定に追加してください。これがないと元どおりのサーバーになりません。',
  }),
  'forgotten-database': (finding) => ({
    message: `${inside(finding.where)} ${engines[finding.engine]} はどのコンポーネントにもありません`,
    hint: '書き方は `mailkeep init --preset … --dry-run` で確認できます。',
  }),
  'forgotten-databases': (finding) => ({
    message: `${finding.component}: ダンプされないデータベースがあります: ${list(finding.names)}`,
    hint: 'databases に追加するか、databases を消してすべてを対象にしてください。不要なものは exclude に書きます。',
  }),
  'certificates-partial': (finding) => ({
    message: `${finding.path} の証明書のうち ${list(finding.missing)} がバックアップされません。更新できないか、リンク先がなくなります`,
    hint: '上のフォルダーを指定してください。accounts、archive、live、renewal は一組です。',
  }),
  'live-database-files': (finding) => ({
    message: `${finding.component}: ${finding.path} は ${finding.engine} サーバーのフォルダーです。動作中のファイルの写しはバックアップになりません`,
    hint: '対象から外し、データベースをコンポーネントとして追加してください。',
  }),
};

const marks: Readonly<Record<Weight, string>> = { found: '検出  ', note: '参考  ', warning: '警告  ', loss: '不足  ' };

export const presetMessages: typeof english = {
  presetFinding: (finding) => textOfFinding(texts, finding),
  presetLine: (weight, message) => `${marks[weight]}${message}`,
  presetAdvice: (hint) => `      ${hint}`,
  presetWouldWrite: (file) => `次の内容が ${file} に追加されます:`,
  presetAdd: (file) => `サーバーを ${file} に追加しますか? 今のファイルは ${file}~ として残します。`,
  presetDone: (name, file) =>
    `サーバー ${name} を ${file} に書き込みました。\`mailkeep doctor ${name}\` で確認し、\`mailkeep run ${name}\` で最初のバックアップができます`,
  presetSeen: (preset, root) =>
    `この機械にメールサーバーがあります。\`mailkeep init --preset ${preset} --root ${root}\` でバックアップを設定できます。`,
  setupWhatServer: (preset, root) => `この機械のメールサーバー: ${preset}（${root}）`,
  doctorStack: (preset, root) => `${preset}（${root}）: 必要なものはすべてバックアップの対象です`,
};
