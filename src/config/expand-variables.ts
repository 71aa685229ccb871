type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Puts the environment's values in place of `$NAME` and `${NAME}`, as restic does in files of patterns: `$$` stands for
 * `$`, and a name that is not set for nothing. Works on text and on byte strings alike, whose values are then UTF-8.
 */
export const expandVariables = (text: string, variables: Variables = process.env): string =>
  text.replace(/\$(?:\{([^}]*)\}|([A-Za-z_]\w*)|(\$))/g, (_whole, braced?: string, plain?: string, dollar?: string) => {
    if (dollar !== undefined) return '$';
    return Buffer.from(variables[braced ?? plain ?? ''] ?? '').toString('latin1');
  });
