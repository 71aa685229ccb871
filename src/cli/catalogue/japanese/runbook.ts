import type { runbookMessages as english } from '../english/runbook.ts';

export const runbookMessages: typeof english = {
  runbookWritten: (file) => `復旧手順書を ${file} に書き出しました`,
  runbookTitle: (server) => `${server} の完全復旧手順（新しいマシンから）`,
  runbookIntroduction: () => [
    'まず最後まで目を通し、上から順に進めてください。コマンドはすべて root のシェル（bash）用で、1 行に 1 つです。',
    '方法が 2 つある手順では、どちらか一方だけを行います。Mailkeep が使えれば「Mailkeep を使う場合」、なければ「Mailkeep がない場合」です。',
  ],
  runbookIncomplete: () =>
    '【注意】このバックアップは不完全で、欠けているものがあります。より古い完全なものがあれば、そちらを使ってください。',
  runbookWithMailkeep: () => 'Mailkeep を使う場合:',
  runbookWithout: () => 'Mailkeep がない場合:',
  runbookBackup: () => 'バックアップ',
  runbookMade: () => '取得日時',
  runbookVerified: () => '検証済み',
  runbookNotVerified: () => '全体を最後に読み直した日時は不明',
  runbookSystem: () => 'システム',
  runbookPrograms: () => 'プログラム',
  runbookSize: () => 'サイズ',
  runbookDisk: () => 'ディスク',
  runbookOwners: () => '所有者',
  runbookUnknown: () => '不明',
  runbookFilesAndBytes: (files, bytes) => `${files.toLocaleString('en')} ファイル、${bytes}`,
  runbookEstimate: (time) =>
    time === undefined ? '所要時間の目安: 1 分未満（推定）' : `所要時間の目安: 約 ${time}（推定）`,
  runbookTimes: () => '所要時間',
  runbookTimesExplained: () =>
    '取得にかかった時間は実測値です。復元にかかる時間は、バックアップを書き込んだ速さからの推定です。',
  runbookTime: ({ name, size, captured, estimate }) =>
    [
      `${name}: ${size}`,
      captured === undefined ? '取得時間は記録なし' : `取得 ${captured}`,
      ...(estimate === undefined ? [] : [`復元 約 ${estimate}`]),
    ].join('、'),

  stepMachine: () => 'システムをインストールする',
  stepDisk: () => 'バックアップディスクをマウントする',
  stepRepository: () => 'リポジトリに接続する',
  stepCheck: () => 'バックアップを検証する',
  stepOwners: () => 'ユーザーとグループを用意する',
  stepFiles: (component) => `${component} を戻す`,
  stepDatabaseServer: (brand) => `${brand} を空のまま起動する`,
  stepDatabase: (component, brand) => `データベースを読み込む: ${component}（${brand}）`,
  stepServices: () => 'サービスを起動する',
  stepSigns: () => '動作を確認する',
  stepAgain: () => '日常の運用に戻す',

  noteMachine: (system) =>
    system === undefined
      ? '元のシステムの種類は、バックアップに記録されていません。'
      : `元のシステムは ${system} です。同じ版か、より新しい版を使ってください。`,
  noteMailkeep: () => 'Mailkeep が入手できる場合: npm install --global mailkeep',
  noteRestic: () => 'Mailkeep がない場合は、restic 0.17 以降が必要です。',
  noteDisk: () => 'ディスクを接続します。中身を壊さないよう、読み取り専用でマウントします。',
  noteNoDisk: () => 'マウントの必要がないファイルシステムにあるか、どのファイルシステムかが記録されていません。',
  noteRepository: () =>
    'パスワードとストレージの認証情報を手元に用意し、restic と Mailkeep が読む環境変数（RESTIC_PASSWORD など）に設定してください。',
  noteCheck: () => '全体を読み直します。急ぐときは省略できます。`mailkeep restore` は、戻すものを自分で検証します。',
  noteOwners: () =>
    'ファイルの所有者は番号のまま戻ります。最後に表示される内容を確かめ、番号が別の名前に使われていたら、先にその名前の番号を変えてください。',
  notePlace: (name, to) => `${name} の戻し先: ${to}`,
  notePlaceUnknown: (name) => `${name} の元の場所は記録されていません。しかるべき場所にコピーしてください。`,
  noteOwnersLost: () =>
    'root 以外が取得したため、ディスク上のファイルに所有者がありません。Mailkeep は所有者を知っていますが、Mailkeep を使わないコマンドでは、すべて同じ所有者になります。',
  noteContainer: (container) => `コンテナー ${container} で動きます。`,
  noteNoStart: () => '起動方法は記録されていません。これまでと同じ方法で起動してください。',
  noteSuperuser: () =>
    'コマンドは管理者としてログインします。新しいサーバーではパスワードなし、コンテナーでは作成時のパスワードを使います。',
  noteDatabases: (names) => `データベース: ${names}`,
  noteAppendOnly: () =>
    '`appendonly yes` で起動する Redis は dump.rdb ではなく追記専用ファイルを読みます。Mailkeep で戻すか、一度 `appendonly no` で起動してください。Mailkeep を使わない場合は、戻した後にキーがあること（DBSIZE）を確かめてください。',
  noteServices: () => 'これで、すべてのファイルとデータベースがそろいました。',
  noteCertificates: () => '証明書: 名前と有効期限:',
  noteKeys: () => 'DKIM: 最初に表示される鍵が、DNS の応答（p=）と同じであること:',
  noteNames: () => 'DNS: メールの宛先が新しいマシンになっていること:',
  noteLogins: () => '以前のパスワードでのログイン（フォルダー一覧が出ます）と、メールサーバーの応答:',
  noteAgain: () =>
    '問題がなければ、ディスクを書き込み可能にし、バックアップのスケジュールを入れ直し、1 回取得してください。',
  noteFstab: (line) => `/etc/fstab の行: ${line}`,
};
