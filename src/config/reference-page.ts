import { isSecret, type SchemaOutline } from './schema-outline.ts';

/** Every setting as a nested Markdown list. A secret is described once, and referred to from where it can stand. */
export const referencePage = (outline: SchemaOutline): string => {
  const lines = list(outline, '');
  const secret = findSecret(outline);
  if (secret !== undefined) lines.push('', '### A secret', '', 'Exactly one of:', '', ...list(secret, ''));
  return `${lines.join('\n')}\n`;
};

const list = (outline: SchemaOutline, indent: string): string[] => {
  const { properties = {}, required = [] } = outline;
  return Object.entries(properties).flatMap(([name, property]) => [
    `${indent}- \`${name}\` (${facts(property, required.includes(name)).join(', ')}): ${sentence(property)}`,
    ...below(property, `${indent}  `),
  ]);
};

const below = (property: SchemaOutline, indent: string): string[] => {
  if (isSecret(property)) return [];
  const { additionalProperties, anyOf = [], items } = property;
  if (items?.properties !== undefined) return [`${indent}- each of:`, ...list(items, `${indent}  `)];
  if (typeof additionalProperties === 'object') {
    if (isSecret(additionalProperties))
      return [`${indent}- \`NAME\`: a [secret](#a-secret) under a name of your choice`];
    return [`${indent}- \`NAME\`: an entry under a name of your choice`, ...list(additionalProperties, `${indent}  `)];
  }
  return [...list(property, indent), ...anyOf.flatMap((form) => list(form, indent))];
};

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

const types: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  object: 'settings',
};

const typeOf = (property: SchemaOutline): string => {
  if (isSecret(property)) return '[secret](#a-secret)';
  if (property.enum !== undefined) return property.enum.map((value) => code(value)).join(' or ');
  if (property.const !== undefined) return code(property.const);
  if (property.anyOf !== undefined) return property.anyOf.map(typeOf).join(' or ');
  if (property.maxProperties === 1) return 'exactly one of these';
  return types[property.type ?? ''] ?? 'any';
};

const facts = (property: SchemaOutline, isRequired: boolean): readonly string[] => {
  const { minimum, maximum, default: usual } = property;
  const small = minimum !== undefined && minimum > -1e9 ? [`from ${minimum}`] : [];
  const large = maximum !== undefined && maximum < 1e9 ? [`to ${maximum}`] : [];
  const plain = usual !== undefined && typeof usual !== 'object' ? [`default ${code(usual)}`] : [];
  return [typeOf(property), [...small, ...large].join(' '), isRequired ? 'required' : '', ...plain].filter(
    (fact) => fact !== '',
  );
};

const sentence = ({ description = '', sample }: SchemaOutline): string =>
  sample === undefined || typeof sample === 'object' ? description : `${description} Example: ${code(sample)}.`;

const findSecret = (outline: SchemaOutline): SchemaOutline | undefined => {
  if (isSecret(outline)) return outline;
  const { properties = {}, additionalProperties, anyOf = [], items } = outline;
  const inner = [additionalProperties, items].filter((part) => typeof part === 'object');
  for (const part of [...Object.values(properties), ...inner, ...anyOf]) {
    const found = findSecret(part);
    if (found !== undefined) return found;
  }
  return undefined;
};
