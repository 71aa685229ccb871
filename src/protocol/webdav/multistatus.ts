import type { BrowsedNode } from '../../contract/browse.ts';
import { displayText } from '../../model/byte-string.ts';
import type { Nanoseconds, Path } from '../../model/entry.ts';
import { davNamespace, type PropertyName, type PropertyRequest } from './property-request.ts';
import { encodePath } from './request-path.ts';

/** The namespace of the one property of our own: `flags`, the flags of a message as words. */
export const ownNamespace = 'urn:mailkeep:webdav';

/** Text as XML 1.0 can hold it; what it cannot hold becomes a question mark. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A time in milliseconds that every calendar can tell: not before 1970, not after 9999. */
const plainTime = (time: Nanoseconds): Date =>
  new Date(Math.min(253_402_300_799_000, Math.max(0, Number(time / 1_000_000n))));

export const httpDate = (time: Nanoseconds): string => plainTime(time).toUTCString();

/** What is said of files of which nothing else is known. */
export const unknownMediaType = 'application/octet-stream';

type Values = ReadonlyMap<string, string>;

const keyOf = ({ namespace, name }: PropertyName): string => `${namespace} ${name}`;

/** The properties that a node has, as XML within their elements. */
const valuesOf = (node: BrowsedNode): Values => {
  const isFolder = node.kind === 'folder';
  const values: [string, string][] = [
    [`${davNamespace} resourcetype`, isFolder ? '<D:collection/>' : ''],
    [`${davNamespace} displayname`, escapeXml(displayText(node.name))],
    [`${davNamespace} getlastmodified`, httpDate(node.modified)],
    [
      `${davNamespace} creationdate`,
      plainTime(node.modified)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z'),
    ],
    [`${davNamespace} supportedlock`, ''],
  ];
  if (!isFolder) {
    values.push(
      [`${davNamespace} getcontentlength`, String(node.size)],
      [`${davNamespace} getcontenttype`, node.mediaType ?? unknownMediaType],
      [`${davNamespace} getetag`, escapeXml(`"${node.version()}"`)],
    );
    if (node.flags !== undefined) values.push([`${ownNamespace} flags`, escapeXml(node.flags.join(' '))]);
  }
  return new Map(values);
};

const element = (key: string, value: string): string => {
  const blank = key.lastIndexOf(' ');
  const [namespace, name] = [key.slice(0, blank), key.slice(blank + 1)];
  const [tag, declared] =
    namespace === davNamespace ? [`D:${name}`, ''] : [`X:${name}`, ` xmlns:X="${escapeXml(namespace)}"`];
  // A property in no namespace cannot have a prefix.
  if (namespace === '') return `<${name} xmlns=""/>`;
  return value === '' ? `<${tag}${declared}/>` : `<${tag}${declared}>${value}</${tag}>`;
};

const propstat = (properties: string, status: string): string =>
  `<D:propstat><D:prop>${properties}</D:prop><D:status>HTTP/1.1 ${status}</D:status></D:propstat>`;

/** One `response` of a multistatus: what of the wanted properties a node has, and what it has not. */
export const responseOf = (node: BrowsedNode, href: string, request: PropertyRequest): string => {
  const values = valuesOf(node);
  const stats: string[] = [];
  if (request.kind !== 'some') {
    const shown = [...values].map(([key, value]) => element(key, request.kind === 'names' ? '' : value));
    stats.push(propstat(shown.join(''), '200 OK'));
  } else {
    const keys = [...new Set(request.properties.map(keyOf))];
    const found = keys.filter((key) => values.has(key));
    const missing = keys.filter((key) => !values.has(key));
    if (found.length > 0 || missing.length === 0)
      stats.push(propstat(found.map((key) => element(key, values.get(key) ?? '')).join(''), '200 OK'));
    if (missing.length > 0) stats.push(propstat(missing.map((key) => element(key, '')).join(''), '404 Not Found'));
  }
  return `<D:response><D:href>${escapeXml(href)}</D:href>${stats.join('')}</D:response>\n`;
};

export const multistatusHead = `<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="${davNamespace}">\n`;
export const multistatusTail = '</D:multistatus>\n';

/** The address of a node as clients are told it. */
export const hrefOf = (prefix: string, path: Path, node: BrowsedNode): string =>
  encodePath(prefix, path, node.kind === 'folder');
