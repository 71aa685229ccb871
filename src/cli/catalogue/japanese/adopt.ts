import type { adoptMessages as english } from '../english/adopt.ts';

export const adoptMessages: typeof english = {
  adoptHeading: (account, from) => `${from} にある ${account} のメール:`,
  adoptFolder: ({ folder, from, adopted, onServer, bytes, present, absent, differing }) => {
    const more = [
      ...(present === 0 ? [] : [`ミラーに既にあるもの ${present} 通`]),
      ...(absent === 0 ? [] : [`ないもの ${absent} 通`]),
      ...(differing === 0 ? [] : [`サーバーと異なるもの ${differing} 通`]),
    ];
    const source = from === '' ? '' : `（元: ${from}）`;
    return `  ${folder}${source}: ${onServer} 通のうち ${adopted} 通、${bytes}${more.length === 0 ? '' : `。${more.join('、')}`}`;
  },
  adoptHindrance: (kind) =>
    `    ${
      {
        'no-folder': '対応するフォルダーがありません。--map-folder OLD=NEW で指定できます',
        'no-marks': 'ファイル名に UID がありません',
        'no-state': 'mbsync の状態ファイルがありません。--state で場所を指定してください',
        renumbered: 'その後サーバーで UIDVALIDITY が変わりました',
      }[kind]
    }`,
  adoptUnread: (folder, sentence) => `  ${folder}: ${sentence}`,
  adoptUnused: (folder, files) =>
    `  使わないもの: ${folder}（${files} ファイル）。アカウントにないか、対象外のフォルダーです`,
  adoptHalfDone: (folder) => `  ${folder}: mbsync が途中で終わっています。記録のないものは取得します`,
  adoptTotal: (adopted, bytes, mirror, left) =>
    `${mirror} へ ${adopted} 通、${bytes}。残り ${left} 通は次の run で取得します。元のフォルダーは変更しません。`,
  adoptVerified: (compared) => `${compared} 通を取得して全文を比較しました: すべて一致`,
  adoptDeclined: () => '何も引き継ぎませんでした',
  askAdopt: () => '引き継ぎますか?',
  adoptDone: (adopted, bytes, account) => `${adopted} 通、${bytes} を引き継ぎました。次は: mailkeep run ${account}`,
};
