import { byteStringOfLatin1, byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import type { EntryType, ExtendedAttribute } from '../../../model/entry.ts';
import { unquoteName } from './go-quote.ts';
import { JsonCursor } from './json-cursor.ts';
import { readFieldName, type FieldName } from './node-fields.ts';
import { readAttributes, readBase64, readId, RepeatedText } from './node-values.ts';
import { TimeScanner } from './time-scanner.ts';
import { entryTypeOf } from './tree-format.ts';

const openList = 0x5b;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;
const colon = 0x3a;
const largestUint32 = 0xffff_ffff;

/**
 * Reads a tree node by node. The fields are those of the node that `next` found last; what was not there is undefined,
 * zero, empty or Go's missing time. Throws `JsonProblem`, or the Fault of a damaged name.
 */
export class NodeScanner {
  name: ByteString | undefined;
  type: EntryType | undefined;
  /** Go's FileMode. */
  mode: number | undefined;
  readonly mtime = new TimeScanner();
  readonly atime = new TimeScanner();
  readonly ctime = new TimeScanner();
  hasMtime = false;
  uid = 0;
  gid = 0;
  user = '';
  group = '';
  inode = 0n;
  deviceId = 0n;
  size = 0;
  links = 0;
  linkTarget: ByteString | undefined;
  extendedAttributes: readonly ExtendedAttribute[] | undefined;
  device: bigint | undefined;
  hasContent = false;
  contentLength = 0;
  hasSubtree = false;
  readonly subtree = new Uint8Array(32);
  passedThrough: string | undefined;
  /** Where the node begins in the JSON. */
  start = 0;

  private readonly cursor: JsonCursor;
  private readonly latin1: Buffer;
  private readonly types = new RepeatedText();
  private readonly users = new RepeatedText();
  private readonly groups = new RepeatedText();
  private contentIds = new Uint8Array(32 * 16);
  private linkTargetIsRaw = false;
  private begun = false;
  private ended = false;

  constructor(json: Uint8Array) {
    this.cursor = new JsonCursor(json);
    this.latin1 = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  }

  /** The content's ids; only valid until `next`. */
  get contentView(): Uint8Array {
    return this.contentIds.subarray(0, this.contentLength);
  }

  /** Reads the next node whole; false at the end of the tree. */
  next(): boolean {
    if (!this.advance()) return false;
    this.reset();
    this.node((field) => this.value(field));
    return true;
  }

  /** Reads only name, type, size, content and subtree. */
  nextReference(): boolean {
    if (!this.advance()) return false;
    this.reset();
    this.node((field) => this.reference(field));
    return true;
  }

  /** Goes to the beginning of the next node, through what stands before and after the list. */
  private advance(): boolean {
    const { cursor } = this;
    if (this.ended) return false;
    let more: boolean;
    if (this.begun) more = cursor.another(closeList);
    else {
      this.begun = true;
      more = this.enterNodes();
    }
    if (!more) {
      this.ended = true;
      this.leaveNodes();
      return false;
    }
    cursor.peek();
    this.start = cursor.at;
    return true;
  }

  private enterNodes(): boolean {
    const { cursor } = this;
    if (!cursor.enter(openObject, closeObject)) cursor.fail('it has no list of nodes');
    do {
      const key = cursor.string();
      cursor.expect(colon);
      if (key === 'nodes') return cursor.enter(openList, closeList);
      cursor.skip();
    } while (cursor.another(closeObject));
    return cursor.fail('it has no list of nodes');
  }

  private leaveNodes(): void {
    const { cursor } = this;
    while (cursor.another(closeObject)) {
      const key = cursor.string();
      if (key === 'nodes') cursor.fail('it has two lists of nodes');
      cursor.expect(colon);
      cursor.skip();
    }
    cursor.end();
  }

  private reset(): void {
    this.name = undefined;
    this.type = undefined;
    this.mode = undefined;
    this.mtime.reset();
    this.atime.reset();
    this.ctime.reset();
    this.hasMtime = false;
    this.uid = 0;
    this.gid = 0;
    this.user = '';
    this.group = '';
    this.inode = 0n;
    this.deviceId = 0n;
    this.size = 0;
    this.links = 0;
    this.linkTarget = undefined;
    this.linkTargetIsRaw = false;
    this.extendedAttributes = undefined;
    this.device = undefined;
    this.hasContent = false;
    this.contentLength = 0;
    this.hasSubtree = false;
    this.passedThrough = undefined;
  }

  private node(readField: (field: FieldName | undefined) => boolean): void {
    const { cursor } = this;
    if (!cursor.enter(openObject, closeObject)) return;
    do {
      cursor.peek();
      const keyStart = cursor.at;
      const field = readFieldName(cursor);
      cursor.expect(colon);
      if (cursor.takeNull()) continue;
      if (!readField(field)) this.passThrough(keyStart);
    } while (cursor.another(closeObject));
  }

  private passThrough(keyStart: number): void {
    const { cursor } = this;
    cursor.skip();
    const raw = cursor.decodeRaw(keyStart);
    this.passedThrough = this.passedThrough === undefined ? raw : `${this.passedThrough},${raw}`;
  }

  private reference(field: FieldName | undefined): boolean {
    if (field === 'name' || field === 'type' || field === 'size' || field === 'content' || field === 'subtree') {
      return this.value(field);
    }
    this.cursor.skip();
    return true;
  }

  /** Reads a field's value; false, and nothing read, for a field that is not modelled. */
  private value(field: FieldName | undefined): boolean {
    const { cursor } = this;
    switch (field) {
      case 'name':
        this.name = this.readName();
        return true;
      case 'type':
        this.type = this.readType();
        return true;
      case 'mode':
        this.mode = cursor.integer(largestUint32);
        return true;
      case 'mtime':
        this.hasMtime = true;
        this.readTime(this.mtime);
        return true;
      case 'atime':
        this.readTime(this.atime);
        return true;
      case 'ctime':
        this.readTime(this.ctime);
        return true;
      case 'uid':
        this.uid = cursor.integer(largestUint32);
        return true;
      case 'gid':
        this.gid = cursor.integer(largestUint32);
        return true;
      case 'user':
        this.user = this.users.read(cursor);
        return true;
      case 'group':
        this.group = this.groups.read(cursor);
        return true;
      case 'inode':
        this.inode = cursor.uint64();
        return true;
      case 'device_id':
        this.deviceId = cursor.uint64();
        return true;
      case 'size':
        this.size = cursor.integer(Number.MAX_SAFE_INTEGER);
        return true;
      case 'links':
        this.links = cursor.integer(Number.MAX_SAFE_INTEGER);
        return true;
      default:
        return this.rareValue(field);
    }
  }

  private rareValue(field: FieldName | undefined): boolean {
    const { cursor } = this;
    switch (field) {
      case 'linktarget':
        // The raw one is the true one, whichever comes first.
        if (this.linkTargetIsRaw) cursor.skip();
        else this.linkTarget = byteStringOfText(cursor.string());
        return true;
      case 'linktarget_raw':
        this.linkTarget = byteStringOfLatin1(readBase64(cursor).toString('latin1'));
        this.linkTargetIsRaw = true;
        return true;
      case 'extended_attributes':
        this.extendedAttributes = readAttributes(cursor);
        return true;
      case 'device':
        this.device = cursor.uint64();
        return true;
      case 'content':
        this.readContent();
        return true;
      case 'subtree':
        readId(cursor, this.subtree, 0);
        this.hasSubtree = true;
        return true;
      default:
        return false;
    }
  }

  private readName(): ByteString {
    const { cursor } = this;
    cursor.peek();
    const start = cursor.at + 1;
    const end = cursor.passString();
    if (end > 0) return byteStringOfLatin1(this.latin1.toString('latin1', start, end));
    return unquoteName(cursor.decodeString(start, -end));
  }

  private readType(): EntryType {
    const start = this.cursor.at;
    const type = entryTypeOf(this.types.read(this.cursor));
    return type ?? this.cursor.fail('a node is of an unknown type', start);
  }

  private readTime(time: TimeScanner): void {
    const { cursor } = this;
    cursor.peek();
    const start = cursor.at + 1;
    const end = cursor.passString();
    if (end < 0 || !time.scan(cursor.bytes, start, end)) cursor.fail('a time is not one', start);
  }

  private readContent(): void {
    const { cursor } = this;
    this.hasContent = true;
    this.contentLength = 0;
    if (!cursor.enter(openList, closeList)) return;
    do {
      if (this.contentLength === this.contentIds.length) {
        const larger = new Uint8Array(this.contentIds.length * 2);
        larger.set(this.contentIds);
        this.contentIds = larger;
      }
      readId(cursor, this.contentIds, this.contentLength);
      this.contentLength += 32;
    } while (cursor.another(closeList));
  }
}
