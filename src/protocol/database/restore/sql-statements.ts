/** What a statement is, as far as a restore needs it. */
export interface SqlStatement {
  /** Its first characters, without comments, with `''` in place of each text; what conditional comments hold is part of it. */
  readonly head: string;
  /** Pairs of parentheses that are in no others. */
  readonly groups: number;
}

export interface StatementListener {
  statement(statement: SqlStatement): void;
  /** A backslash outside of texts and comments: a command to the client, never a part of a statement. */
  clientCommand(): void;
}

const headLength = 400;

const [tab, newline, doubleQuote, hash, quote, open, close, star, dash, slash] = [
  9, 10, 34, 35, 39, 40, 41, 42, 45, 47,
];
const [exclamation, upperM, backslash, backtick] = [33, 77, 92, 96];

const isSpace = (byte: number): boolean => byte === 32 || (byte >= tab && byte <= 13);
const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

type State =
  | 'code'
  | 'slash'
  | 'dash'
  | 'dashes'
  | 'star'
  /** After `/*`: what follows says whether it is a comment. */
  | 'comment-begins'
  | 'version'
  | 'comment'
  | 'comment-star'
  | 'line-comment'
  | 'text'
  | 'text-escape'
  | 'delimiter';

/**
 * Cuts a dump of MariaDB or MySQL into its statements as it comes, in any pieces. Knows texts and names in quotes, comments,
 * conditional comments (`/*!50003`, whose content is code) and DELIMITER.
 */
export class SqlStatements {
  readonly #listener: StatementListener;
  #state: State = 'code';
  /** What ends the text or name. */
  #quote = 0;
  #head = '';
  #depth = 0;
  #groups = 0;
  #delimiter = ';';
  /** How much of the delimiter has just come. */
  #matched = 0;
  #newDelimiter = '';

  constructor(listener: StatementListener) {
    this.#listener = listener;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#state === 'text') {
        if (byte === this.#quote) this.#endText();
        else if (byte === backslash && this.#quote !== backtick) this.#state = 'text-escape';
        else if (this.#quote === backtick) this.#keep(byte);
      } else this.#step(byte);
    }
  }

  end(): void {
    if (this.#head.trim() !== '') this.#finish();
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'text-escape':
        this.#state = 'text';
        return;
      case 'code':
        return this.#code(byte);
      case 'comment':
        if (byte === star) this.#state = 'comment-star';
        return;
      case 'comment-star':
        if (byte === slash) this.#state = 'code';
        else if (byte !== star) this.#state = 'comment';
        return;
      case 'line-comment':
        if (byte === newline) this.#state = 'code';
        return;
      case 'delimiter':
        return this.#readDelimiter(byte);
      case 'text':
        return;
      default:
        return this.#afterMark(byte);
    }
  }

  /** After a character that may begin a comment. */
  #afterMark(byte: number): void {
    const { [this.#state]: mark } = { slash: '/', dash: '-', dashes: '--', star: '*' } as Partial<
      Record<State, string>
    >;
    if (this.#state === 'slash' && byte === star) this.#state = 'comment-begins';
    else if (this.#state === 'dash' && byte === dash) this.#state = 'dashes';
    else if (this.#state === 'star' && byte === slash) this.#state = 'code';
    else if (this.#state === 'dashes' && isSpace(byte)) this.#state = byte === newline ? 'code' : 'line-comment';
    else if (this.#state === 'comment-begins') {
      if (byte === exclamation) this.#state = 'version';
      else if (byte !== upperM) this.#state = byte === star ? 'comment-star' : 'comment';
    } else if (this.#state !== 'version' || !isDigit(byte)) {
      this.#state = 'code';
      if (mark !== undefined) this.#head = (this.#head + mark).slice(0, headLength);
      this.#code(byte);
    }
  }

  #code(byte: number): void {
    if (byte === this.#delimiter.charCodeAt(this.#matched)) {
      this.#matched++;
      if (this.#matched === this.#delimiter.length) this.#finish();
      return;
    }
    this.#matched = 0;
    switch (byte) {
      case quote:
      case doubleQuote:
      case backtick:
        this.#quote = byte;
        this.#state = 'text';
        return this.#keep(byte);
      case slash:
        this.#state = 'slash';
        return;
      case dash:
        this.#state = 'dash';
        return;
      case hash:
        this.#state = 'line-comment';
        return;
      case backslash:
        return this.#listener.clientCommand();
      case star:
        // With a slash it is the end of a conditional comment.
        this.#state = 'star';
        return;
      case open:
        if (this.#depth++ === 0) this.#groups++;
        return this.#keep(byte);
      case close:
        this.#depth = Math.max(0, this.#depth - 1);
        return this.#keep(byte);
      default:
        this.#keep(byte);
        if (isSpace(byte) && this.#head.length < 12 && /^DELIMITER\s$/i.test(this.#head)) this.#state = 'delimiter';
    }
  }

  #endText(): void {
    this.#keep(this.#quote);
    this.#state = 'code';
  }

  #readDelimiter(byte: number): void {
    if (byte !== newline) {
      this.#newDelimiter += String.fromCharCode(byte);
      return;
    }
    this.#delimiter = this.#newDelimiter.trim() || ';';
    this.#newDelimiter = '';
    this.#head = '';
    this.#state = 'code';
  }

  #keep(byte: number): void {
    if (this.#head.length >= headLength) return;
    if (isSpace(byte)) {
      if (this.#head !== '' && !this.#head.endsWith(' ')) this.#head += ' ';
    } else this.#head += String.fromCharCode(byte);
  }

  #finish(): void {
    const head = this.#head.trim();
    if (head !== '') this.#listener.statement({ head, groups: this.#groups });
    this.#head = '';
    this.#groups = 0;
    this.#depth = 0;
    this.#matched = 0;
  }
}
