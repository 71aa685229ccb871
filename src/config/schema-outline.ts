import { z } from 'zod';

/**
 * The part of a JSON Schema that is looked at here, to suggest names and to write the sample, the reference page and the
 * schema for editors.
 */
export interface SchemaOutline {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  /** What the sample has for it. Not `examples`, which zod leaves out wherever a value is transformed. */
  readonly sample?: unknown;
  /** How the sample calls an entry of a record. */
  readonly sampleName?: string | undefined;
  /** Whether the sample has it although it is not needed. */
  readonly inSample?: boolean | undefined;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly properties?: Readonly<Record<string, SchemaOutline>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: SchemaOutline | boolean | undefined;
  readonly items?: SchemaOutline | undefined;
  readonly anyOf?: readonly SchemaOutline[] | undefined;
  /** Forms that are told apart by one of their settings. */
  readonly oneOf?: readonly SchemaOutline[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly maxProperties?: number | undefined;
}

const outline: z.ZodType<SchemaOutline> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    description: z.string().optional(),
    sample: z.unknown().optional(),
    sampleName: z.string().optional(),
    inSample: z.boolean().optional(),
    default: z.unknown().optional(),
    const: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    properties: z.record(z.string(), outline).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([outline, z.boolean()]).optional(),
    items: outline.optional(),
    anyOf: z.array(outline).optional(),
    oneOf: z.array(outline).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    maxProperties: z.number().optional(),
  }),
);

/** A zod schema as the JSON Schema (draft 7, which editors know) of what a person writes. */
export const outlineOf = (schema: z.ZodType): SchemaOutline =>
  outline.parse(z.toJSONSchema(schema, { io: 'input', target: 'draft-7', reused: 'inline' }));

/** Whether this is a place for a secret, which is described once for all of them. */
export const isSecret = ({ properties }: SchemaOutline): boolean =>
  properties !== undefined && 'keyring' in properties && 'environment' in properties;

/** The JSON Schema for editors. */
export const editorSchema = (schema: z.ZodType): unknown =>
  z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      const { sample } = jsonSchema;
      delete jsonSchema['sampleName'];
      delete jsonSchema['inSample'];
      delete jsonSchema['sample'];
      if (sample !== undefined) jsonSchema.examples = [sample];
    },
  });

/** The names that may stand at a place of the file; empty where any may, or the place is unknown. */
export const namesAt = (schema: SchemaOutline, path: readonly PropertyKey[]): readonly string[] => {
  let places: readonly SchemaOutline[] = [schema];
  for (const step of path) places = places.flatMap((place) => stepInto(place, step));
  return [...new Set(places.flatMap(branches).flatMap(({ properties }) => Object.keys(properties ?? {})))];
};

const branches = (place: SchemaOutline): readonly SchemaOutline[] =>
  (place.anyOf ?? place.oneOf)?.flatMap(branches) ?? [place];

const stepInto = (place: SchemaOutline, step: PropertyKey): readonly SchemaOutline[] =>
  branches(place).flatMap(({ properties, additionalProperties, items }) => {
    const named = properties?.[String(step)];
    if (named !== undefined) return [named];
    if (typeof step === 'number') return items === undefined ? [] : [items];
    return typeof additionalProperties === 'object' ? [additionalProperties] : [];
  });
