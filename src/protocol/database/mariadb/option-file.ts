/** A value of an option file: quoted, and what would end the quotes or begin an escape written as one. */
const quoted = (value: string): string =>
  `"${value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')}"`;

/** An option file that holds only a password. */
export const passwordFile = (password: string): string => `[client]\npassword=${quoted(password)}\n`;

/** The passwords in an option file, as they stand there and as they are meant. */
export const passwordsIn = (optionFile: string): readonly string[] =>
  optionFile.split('\n').flatMap((line) => {
    const [, value] = /^\s*password\d?\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (value === undefined || value === '') return [];
    const bare = value.replace(/^(["'])(.*)\1$/, '$2');
    return [value, bare, bare.replace(/\\(.)/g, '$1')];
  });
