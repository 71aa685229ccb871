import { stringify } from 'yaml';
import { isSecret, type SchemaOutline } from './schema-outline.ts';

const width = 100;

/** A commented configuration to begin with: what is needed, and everything else commented out. */
export const sampleConfig = (outline: SchemaOutline): string => {
  const lines = [
    '# Mailkeep. Check it with `mailkeep config check`; docs/configuration.md describes every setting.',
    ...mapping(outline, { indent: '', relative: '' }),
  ];
  return `${lines.join('\n')}\n`;
};

/** Where a line begins; within what is commented out, `indent` ends in `#` and `relative` follows it. */
interface Margin {
  readonly indent: string;
  readonly relative: string;
}

const start = ({ indent, relative }: Margin): string => indent + relative;
const deeper = ({ indent, relative }: Margin): Margin =>
  indent.endsWith('#') ? { indent, relative: `${relative}  ` } : { indent: `${indent}  `, relative: '' };
const commentedOut = (margin: Margin): Margin =>
  margin.indent.endsWith('#') ? margin : { indent: `${margin.indent}#`, relative: '' };

const mapping = (outline: SchemaOutline, margin: Margin): readonly string[] => {
  const { properties = {}, required = [], maxProperties } = outline;
  // What has nothing to show, such as an endpoint that hardly anybody sets, is only in the reference.
  const shown = Object.entries(properties).filter(([, property]) => valueOf(property) !== undefined);
  return shown.flatMap(([name, property], index) => {
    const isFirst = maxProperties === 1 && index === 0;
    const isActive =
      isFirst || required.includes(name) || property.sampleName !== undefined || property.inSample === true;
    const comment = describe(property).flatMap((line) => `${start(margin)}# ${line}`);
    const gap = margin.indent === '' ? [''] : [];
    return [...gap, ...comment, ...setting(name, property, isActive ? margin : commentedOut(margin))];
  });
};

const setting = (name: string, property: SchemaOutline, margin: Margin): readonly string[] => {
  const { properties, additionalProperties, sampleName, sample } = property;
  if (sampleName !== undefined && typeof additionalProperties === 'object') {
    const inner = deeper(margin);
    return [
      `${start(margin)}${name}:`,
      `${start(inner)}${sampleName}:`,
      ...mapping(additionalProperties, deeper(inner)),
    ];
  }
  if (properties !== undefined && sample === undefined && !isSecret(property)) {
    return [`${start(margin)}${name}:`, ...mapping(property, deeper(margin))];
  }
  return [`${start(margin)}${name}: ${flow(valueOf(property))}`];
};

const valueOf = (property: SchemaOutline): unknown => {
  const { sample, const: only, enum: choices, properties } = property;
  if (sample !== undefined) return sample;
  if (property.default !== undefined) return property.default;
  if (only !== undefined) return only;
  if (choices !== undefined) return choices[0];
  if (isSecret(property)) return { file: '~/.config/mailkeep/password' };
  return properties ?? property.additionalProperties;
};

const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();

/** The description in lines of a readable width. */
const describe = ({ description = '' }: SchemaOutline): readonly string[] => {
  const lines: string[] = [];
  for (const word of description.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};
