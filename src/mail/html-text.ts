/** Named entities that mail really has; everything else stays as it is written. */
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  bull: '•',
  middot: '·',
  euro: '€',
  yen: '¥',
  pound: '£',
  laquo: '«',
  raquo: '»',
  zwnj: '',
  zwj: '',
  shy: '',
};

const blocks = new Set(
  'address blockquote center div dl dt dd fieldset form h1 h2 h3 h4 h5 h6 hr ol p pre section table tr ul'.split(' '),
);
/** What stands between these and their ends is not for readers. */
const hidden = new Set(['script', 'style', 'head', 'title', 'template']);

/** HTML reduced to its text, for a terminal: tags go, blocks become lines, list items get a dash. Takes linear time. */
export const textOfHtml = (html: string): string => {
  let text = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    text += decodeEntities(html.slice(at, open < 0 ? html.length : open).replace(/\s+/g, ' '));
    if (open < 0) break;
    const tag = tagAt(html, open);
    if (tag === undefined) {
      text += '<';
      at = open + 1;
      continue;
    }
    at = hidden.has(tag.name) ? endOfHidden(html, tag.name, tag.end) : tag.end;
    text += spaceFor(tag.name);
  }
  return text
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
};

/** Lower-case name (`/p` for an end, empty for a comment) and the offset after the tag. */
const tagAt = (html: string, open: number): { readonly name: string; readonly end: number } | undefined => {
  const start = html.slice(open, open + 40);
  const isComment = start.startsWith('<!--');
  const name = /^<(\/?[a-z][a-z0-9:]*|[!?])/i.exec(start)?.[1];
  if (name === undefined) return undefined;
  const close = isComment ? html.indexOf('-->', open) : html.indexOf('>', open);
  const end = close < 0 ? html.length : close + (isComment ? 3 : 1);
  return { name: /[!?]/.test(name) ? '' : name.toLowerCase(), end };
};

const endOfHidden = (html: string, name: string, from: number): number => {
  const end = new RegExp(`</${name}[^>]*>?`, 'gi');
  end.lastIndex = from;
  return end.test(html) ? end.lastIndex : html.length;
};

const spaceFor = (tag: string): string => {
  const name = tag.replace('/', '');
  if (name === 'br') return '\n';
  if (tag === 'li') return '\n- ';
  if (name === 'td' || name === 'th') return ' ';
  return blocks.has(name) ? '\n' : '';
};

const decodeEntities = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi, (whole, decimal, hexadecimal, name) => {
    if (typeof name === 'string') return entities[name] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hexadecimal), 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
