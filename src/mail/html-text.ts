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
const hidden = new Set(['script', 'style', 'title', 'template']);

/** HTML reduced to its text, for a terminal: tags go, blocks become lines, list items get a dash. Takes linear time. */
export const textOfHtml = (html: string): string => {
  const find = createFinder(html);
  let text = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    text += decodeEntities(html.slice(at, open < 0 ? html.length : open).replace(/\s+/g, ' '));
    if (open < 0) break;
    const name = /^<(\/?[a-z][a-z0-9:]*|!--|[!?])/i.exec(html.slice(open, open + 40))?.[1]?.toLowerCase();
    if (name === undefined) {
      text += '<';
      at = open + 1;
      continue;
    }
    // A comment or a hidden element that nobody closed hides nothing but its own tag.
    const tagEnd = afterFirst(find, '>', open) ?? html.length;
    if (name === '!--') at = afterFirst(find, '-->', open) ?? tagEnd;
    else at = (hidden.has(name) ? find(`</${name}`, open) : undefined) ?? tagEnd;
    text += spaceFor(name);
  }
  return text
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
};

type Find = (sought: string, from: number) => number | undefined;

const afterFirst = (find: Find, sought: string, from: number): number | undefined => {
  const at = find(sought, from);
  return at === undefined ? undefined : at + sought.length;
};

/**
 * Finds the next occurrence, in either case. What was sought in vain once is not sought again, so that unclosed tags
 * cost no more than one pass for each kind.
 */
const createFinder = (html: string): Find => {
  const lower = html.toLowerCase().length === html.length ? html.toLowerCase() : html;
  const missing = new Set<string>();
  return (sought, from) => {
    const at = missing.has(sought) ? -1 : lower.indexOf(sought, from);
    if (at >= 0) return at;
    missing.add(sought);
    return undefined;
  };
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
