/** Well-formed JSON with line breaks and two spaces a level, every number, text and order of members as it was. */
export const indentJson = (json: string): string => {
  let depth = 0;
  const onNewLine = (change: number): string => {
    depth += change;
    return `\n${'  '.repeat(depth)}`;
  };
  // Tokens: texts whole, an empty object or list, brackets, separators, white space, and what is left: numbers and words.
  return json.replace(/"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|\s+|[^\s{}[\],:"]+/g, (token) => {
    if (token.trim() === '') return '';
    if (/^[{[]\s*[}\]]$/.test(token)) return token.replace(/\s+/, '');
    if (token === '{' || token === '[') return token + onNewLine(1);
    if (token === '}' || token === ']') return onNewLine(-1) + token;
    if (token === ',') return token + onNewLine(0);
    return token === ':' ? ': ' : token;
  });
};
