/** A JSON object whose fields nobody has looked at yet. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export const isJsonRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Small JSON files (keys, config, locks) as an object; undefined when they are anything else. */
export const parseJsonRecord = (json: Uint8Array): JsonRecord | undefined => {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    return isJsonRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** JSON text as Go's encoder writes it: as JSON.stringify, but with `<`, `>`, `&`, U+2028 and U+2029 escaped. */
export const goJson = (value: object): string =>
  JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
