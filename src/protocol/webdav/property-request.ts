/** The name of a property: its XML namespace and its local name. */
export interface PropertyName {
  readonly namespace: string;
  readonly name: string;
}

export type PropertyRequest =
  | { readonly kind: 'all' }
  | { readonly kind: 'names' }
  | { readonly kind: 'some'; readonly properties: readonly PropertyName[] };

export const davNamespace = 'DAV:';

/** So many properties are answered at most. */
const mostProperties = 200;
const deepest = 32;

const tag =
  /<(?:!--[^]*?-->|\?[^]*?\?>|!\[CDATA\[[^]*?\]\]>|(\/?)([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>)/y;
const attribute = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

type Scope = ReadonlyMap<string, string>;

interface Open {
  readonly qualified: string;
  readonly own: PropertyName;
  readonly scope: Scope;
}

const scopeOf = (attributes: string, outer: Scope): Scope => {
  const scope = new Map(outer);
  for (const [, name = '', double, single] of attributes.matchAll(attribute)) {
    if (name === 'xmlns') scope.set('', double ?? single ?? '');
    else if (name.startsWith('xmlns:')) scope.set(name.slice('xmlns:'.length), double ?? single ?? '');
  }
  return scope;
};

const resolve = (qualified: string, scope: Scope): PropertyName | undefined => {
  const colon = qualified.indexOf(':');
  const namespace = scope.get(colon < 0 ? '' : qualified.slice(0, colon));
  if (namespace === undefined && colon >= 0) return undefined;
  return { namespace: namespace ?? '', name: qualified.slice(colon + 1) };
};

const isDav = (name: PropertyName | undefined, local: string): boolean =>
  name?.namespace === davNamespace && name.name === local;

/** Every element with its depth (0 is the root) and those around it; false when the text is not well formed. */
const eachElement = (xml: string, visit: (element: PropertyName, around: readonly Open[]) => void): boolean => {
  const open: Open[] = [];
  let elements = 0;
  for (let at = 0; at < xml.length;) {
    const next = xml.indexOf('<', at);
    if (next < 0) break;
    tag.lastIndex = next;
    const match = tag.exec(xml);
    // A document type, with its entities, is no part of a property request.
    if (match === null) return false;
    at = tag.lastIndex;
    const [, slash, qualified, attributes = '', selfClosing] = match;
    if (qualified === undefined) continue;
    if (slash === '/') {
      if (open.pop()?.qualified !== qualified) return false;
      continue;
    }
    const scope = scopeOf(attributes, open.at(-1)?.scope ?? new Map());
    const own = resolve(qualified, scope);
    if (own === undefined || open.length >= deepest || (open.length === 0 && elements > 0)) return false;
    visit(own, open);
    elements++;
    if (selfClosing !== '/') open.push({ qualified, own, scope });
  }
  return elements > 0 && open.length === 0;
};

/** The body of a PROPFIND (RFC 4918 section 14.20); an empty one asks for all. Undefined when it is none. */
export const parsePropertyRequest = (body: string): PropertyRequest | undefined => {
  const text = body.replace(/^\ufeff/, '');
  if (text.trim() === '') return { kind: 'all' };
  let kind: PropertyRequest['kind'] | undefined;
  let root: PropertyName | undefined;
  const properties: PropertyName[] = [];
  const isWellFormed = eachElement(text, (element, around) => {
    if (around.length === 0) root = element;
    else if (around.length === 1) {
      if (isDav(element, 'allprop')) kind = 'all';
      else if (isDav(element, 'propname')) kind = 'names';
      else if (isDav(element, 'prop')) kind = 'some';
    } else if (around.length === 2 && isDav(around[1]?.own, 'prop') && properties.length < mostProperties) {
      properties.push(element);
    }
  });
  if (!isWellFormed || !isDav(root, 'propfind') || kind === undefined) return undefined;
  return kind === 'some' ? { kind, properties } : { kind };
};
