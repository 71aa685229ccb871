import { isMap, isScalar, parseDocument, Scalar, visit } from 'yaml';

/** What takes the place of a secret. */
const hidden = 'LEFT OUT';

/** The text of a configuration without what is secret in it: secrets given as `value:`, and passwords in addresses. */
export const withoutSecrets = (text: string): string => {
  const document = parseDocument(text);
  visit(document, {
    Pair: (_key, { key, value }, path) => {
      const above = path.at(-1);
      const isSecret = isScalar(key) && key.value === 'value' && isMap(above) && above.items.length === 1;
      if (isSecret && isScalar(value)) value.value = hidden;
    },
    Scalar: (_key, node) => {
      if (!(node instanceof Scalar) || typeof node.value !== 'string') return;
      node.value = node.value.replace(/(:\/\/[^/@:\s]*):[^/@\s]+@/, `$1:${hidden}@`);
    },
  });
  return document.toString({ lineWidth: 0 });
};
