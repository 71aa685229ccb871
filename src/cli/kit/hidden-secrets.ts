import { Document, isMap, isScalar, parseDocument, Scalar, visit } from 'yaml';

/** What takes the place of a secret. */
const hidden = 'LEFT OUT';

/**
 * A configuration that can be changed in one place. With anchors in it each stands for several: these are written out, and what is
 * said beside them (comments) is left out then.
 */
export const plainDocument = (text: string): Document => {
  const document = parseDocument(text, { merge: true });
  let hasAliases = false;
  visit(document, {
    Alias: () => {
      hasAliases = true;
      return visit.BREAK;
    },
  });
  return hasAliases ? new Document(document.toJS({ maxAliasCount: 1000 }), { aliasDuplicateObjects: false }) : document;
};

/** The text of a configuration without what is secret in it: secrets given as `value:`, and passwords in addresses. */
export const withoutSecrets = (text: string): string => {
  const document = plainDocument(text);
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
