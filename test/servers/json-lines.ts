/** Lines of `--json` as records; what is none is left out. */
export const recordsOf = (text: string): readonly Readonly<Record<string, unknown>>[] =>
  text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? [{ ...value }] : [];
  });

export const isMessageLine =
  (type: string) =>
  (record: Readonly<Record<string, unknown>>): boolean =>
    record['message_type'] === type;
