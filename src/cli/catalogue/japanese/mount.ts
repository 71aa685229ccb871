import type { mountMessages as english } from '../english/mount.ts';

export const mountMessages: typeof english = {
  mountServing: (count) => `${count} 件のスナップショットを読み取り専用で公開しています:`,
  mountHowTo: ({ url, place, origin, token }) => [
    '',
    `  ブラウザー        このアドレスを開く`,
    `  GNOME, GTK        gio mount dav:${place}`,
    `  KDE               dolphin webdav:${place}`,
    `  macOS             Finder の「移動」→「サーバへ接続」: ${url}`,
    `  Windows           net use * ${url}`,
    `  Linux, davfs2     mount -t davfs -o ro ${origin}/ /mnt   （ユーザー名は任意、パスワードは ${token}）`,
    `  rclone            RCLONE_WEBDAV_URL=${url} rclone mount :webdav: フォルダー --read-only`,
    '',
  ],
  mountSecret: () => 'このアドレスを知っている人は、公開中はすべての内容を読めます。',
  mountUntil: () => 'Ctrl-C で終了します。',
  mountEnded: () => '公開を終了しました',
};
