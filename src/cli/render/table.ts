/** A cell may have several lines. */
export type Row = readonly (readonly string[])[];

/** How many columns of a terminal a text takes: East Asian wide characters take two, combining marks none. */
export const widthOf = (text: string): number => {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += isWide(segment.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
};

const isWide = (point: number): boolean =>
  point >= 0x1100 &&
  (point <= 0x115f ||
    (point >= 0x2e80 && point <= 0xa4cf && point !== 0x303f) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xfe30 && point <= 0xfe6f) ||
    (point >= 0xff00 && point <= 0xff60) ||
    (point >= 0xffe0 && point <= 0xffe6) ||
    (point >= 0x1f300 && point <= 0x1faff) ||
    (point >= 0x20000 && point <= 0x3fffd));

const padded = (text: string, width: number, right: boolean): string => {
  const blank = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? blank + text : text + blank;
};

/** Lines of a table: a header, a rule, the rows, columns as wide as their widest cell, two spaces between. */
export const tableLines = (
  header: readonly string[],
  rows: readonly Row[],
  rightAligned: ReadonlySet<number> = new Set(),
): readonly string[] => {
  const widths = header.map((title, column) =>
    Math.max(widthOf(title), ...rows.flatMap((row) => (row[column] ?? []).map(widthOf))),
  );
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => padded(cells[column] ?? '', width, rightAligned.has(column)))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1)));
  const lines = rows.flatMap((row) => {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, at) => line(row.map((cell) => cell[at] ?? '')));
  });
  return [line(header), rule, ...lines, rule];
};
