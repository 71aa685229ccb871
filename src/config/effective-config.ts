import { isSecret, type SchemaOutline } from './schema-outline.ts';

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What a person has written, with the defaults filled in and every secret that stands in it masked: the configuration as
 * it is in force. `value` has passed the schema.
 */
export const effectiveConfig = (value: unknown, outline: SchemaOutline): unknown => {
  if (Array.isArray(value)) {
    const items = outline.items ?? outline.anyOf?.find((form) => form.items !== undefined)?.items;
    return items === undefined ? value : value.map((item: unknown) => effectiveConfig(item, items));
  }
  if (!isMapping(value)) return value;
  if (isSecret(outline)) return 'value' in value ? { value: '•••' } : value;
  const form = outline.anyOf?.find(({ properties }) => properties !== undefined) ?? outline;
  const { properties = {}, additionalProperties } = form;
  const given = Object.entries(value).map(([name, part]) => {
    const inner = properties[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    return [name, inner === undefined ? part : effectiveConfig(part, inner)] as const;
  });
  // Where one of several settings is chosen, the others have no defaults to fill in.
  if (form.maxProperties === 1) return Object.fromEntries(given);
  const absent = Object.entries(properties).filter(([name]) => !Object.hasOwn(value, name));
  const filled = absent.map(([name, property]) => [name, defaultOf(property)] as const);
  return Object.fromEntries([...given, ...filled.filter(([, part]) => part !== undefined)]);
};

const defaultOf = (property: SchemaOutline): unknown => {
  if (property.default !== undefined) return property.default;
  const { properties, required = [], maxProperties } = property;
  if (properties === undefined || required.length > 0 || maxProperties === 1) return undefined;
  const inner = effectiveConfig({}, property);
  return isMapping(inner) && Object.keys(inner).length > 0 ? inner : undefined;
};
