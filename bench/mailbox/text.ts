import type { Random } from './random.ts';

/** Text as a "binary" string: each char is one byte. */
export interface Body {
  readonly charset: 'us-ascii' | 'utf-8' | 'iso-2022-jp';
  readonly text: string;
}

const commonWords =
  `the of and to a in that is was he for it with as his on be at by i this had not are but from or have an they which
one you were her all she there would their we him been has when who will more no if out so said what up its about into than
them can only other new some could time these two may then do first any my now such like our over man me even most made
after also did many before must through years where much your way well down should because each just those people how too
little state good very make world still own see men work long get here between both life being under never day same another
know while last might us great old year off come since against go came right used take three meeting please report
attached schedule project invoice payment regards thanks customer order delivery contract review update question server
system backup account request confirm tomorrow yesterday office travel budget version document release problem service
team manager quarter sales price quote number address phone change support network error message mail folder user test`.split(
    /\s+/,
  );
const syllables =
  'ba co de fi gra hu in ja ker lo min nor o pra qui res sta ter un ver wil xen yor zim tion ment al ive er'.split(' ');
const japaneseWords =
  `お世話になっております 株式会社 営業部 会議 資料 添付 ご確認 よろしくお願いいたします 見積書 請求書 納品 明日 本日 昨日 来週 予定
打ち合わせ 変更 連絡 担当 田中 佐藤 鈴木 高橋 様 です ます ました でしょうか について の は が を に で と から まで より 件 書類 送付 いたします
ありがとうございます 申し訳ございません サーバー メール システム バックアップ エラー テスト プロジェクト スケジュール 東京 大阪 出張 報告 検討
契約 価格 数量 製品 開発 設計 品質 管理 部長 課長 皆様 お疲れ様です 至急 対応 完了 作業 時間 場所 参加 希望 下記 以上`.split(
    /\s+/,
  );

/** Base words and some thousand rarer ones, so that text compresses about as much as people's does. */
const vocabulary = [...commonWords, ...rareWords(6000)];

function rareWords(count: number): string[] {
  const words: string[] = [];
  for (let index = 0; index < count; index++) {
    const parts = 2 + (index % 3);
    let rest = index * 7919 + 13;
    let word = '';
    for (let part = 0; part < parts; part++) {
      word += syllables[rest % syllables.length] ?? '';
      rest = Math.floor(rest / syllables.length) + index;
    }
    words.push(word);
  }
  return words;
}

/** A few words, for subjects and names. */
export function words(random: Random, count: number): string {
  let text = '';
  for (let index = 0; index < count; index++) {
    const rank = Math.floor(vocabulary.length * random.unit() ** 5);
    text += (index === 0 ? '' : ' ') + (vocabulary[rank] ?? 'and');
  }
  return text;
}

/** Japanese-like text as UTF-16. */
export function japaneseWords16(random: Random, count: number): string {
  let text = '';
  for (let index = 0; index < count; index++) text += random.pick(japaneseWords);
  return text;
}

/** Lines of about 70 columns with about `size` bytes in all. */
export function englishLines(random: Random, size: number): string {
  let text = '';
  while (text.length < size) {
    const sentence = words(random, 9 + random.below(5));
    text += `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${random.unit() < 0.4 ? '.' : ','}\n`;
    if (random.unit() < 0.12) text += '\n';
  }
  return text;
}

/** A Japanese body of about `size` bytes in the charset given. */
export function japaneseBody(random: Random, size: number, charset: 'utf-8' | 'iso-2022-jp'): Body {
  let text = '';
  while (text.length < size) {
    const line = `${japaneseWords16(random, 6 + random.below(4))}。`;
    text += `${charset === 'utf-8' ? utf8(line) : iso2022jp(line)}\n`;
  }
  return { charset, text };
}

/** UTF-16 as the bytes of its UTF-8. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** A newsletter's body of about `size` bytes: much markup that repeats, and text. */
export function htmlBody(random: Random, size: number): string {
  const colour = random.below(0x1000000).toString(16).padStart(6, '0');
  let text = `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><style type="text/css">\nbody { margin: 0; font-family: Arial, sans-serif; color: #${colour}; }\ntd.cell { padding: 8px 16px; }\n</style></head>\n<body><table width="600" cellpadding="0" cellspacing="0" border="0" align="center">\n`;
  while (text.length < size) {
    const link = random.below(2 ** 32).toString(36);
    text += `<tr><td class="cell" style="font-size: 14px; line-height: 20px; background-color: #${colour};">\n${words(random, 12)}<br>\n<a href="https://news.example.net/click?u=${link}&amp;id=${random.below(99999)}" style="color: #${colour}; text-decoration: none;">${words(random, 4)}</a>\n</td></tr>\n`;
  }
  return `${text}</table></body></html>\n`;
}

let codes: Map<string, string> | undefined;

/** Text of the JIS X 0208 set (and no other, no ASCII) in ISO-2022-JP: RFC 1468. */
export function iso2022jp(text: string): string {
  codes ??= jisCodes();
  let bytes = '';
  for (const character of text) bytes += codes.get(character) ?? '!)';
  return `\x1b$B${bytes}\x1b(B`;
}

/** The 7-bit code of each character of JIS X 0208, read out of the platform's EUC-JP decoder. */
function jisCodes(): Map<string, string> {
  const decoder = new TextDecoder('euc-jp');
  const found = new Map<string, string>();
  for (let row = 0x21; row <= 0x74; row++) {
    for (let cell = 0x21; cell <= 0x7e; cell++) {
      const character = decoder.decode(Uint8Array.of(row | 0x80, cell | 0x80));
      if (character.length === 1 && character !== '�') found.set(character, String.fromCharCode(row, cell));
    }
  }
  return found;
}
