import { z } from 'zod';

/** Makes a path in a configuration absolute: `~` is the home, and anything relative lies beside the file. */
export type ResolvePath = (path: string) => string;

/** A path of a file or folder. */
export const pathSetting = (resolve: ResolvePath) =>
  z
    .string()
    .min(1)
    .refine((path) => !path.includes('\0'), { error: 'holds a NUL byte' })
    .transform(resolve);

type Shape = Readonly<Record<string, z.ZodType>>;

/** The one setting that was given, by its name. */
export type OneOf<Given extends Shape> = {
  readonly [Name in keyof Given & string]: { readonly kind: Name; readonly value: z.output<Given[Name]> };
}[keyof Given & string];

/** The value was checked by the schema of its key; here it is that the key is one of them. */
const isOneOf = <Given extends Shape>(shape: Given, one: { readonly kind: string } | undefined): one is OneOf<Given> =>
  one !== undefined && Object.hasOwn(shape, one.kind);

/** A mapping that has exactly one of these keys: `{file: …}` or `{command: …}`. */
export const exactlyOne = <Given extends Shape>(shape: Given) => {
  const names = Object.keys(shape);
  const optional = Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, schema.optional()]));
  return z
    .strictObject(optional)
    .meta({ minProperties: 1, maxProperties: 1 })
    .transform((given, context): OneOf<Given> => {
      const [first, ...others] = Object.entries(given).flatMap(([kind, value]) =>
        value === undefined ? [] : { kind, value },
      );
      if (others.length === 0 && isOneOf(shape, first)) return first;
      // An unknown key has been told already, and may be the one that was meant.
      if (context.issues.length > 0) return z.NEVER;
      context.addIssue({ code: 'custom', message: `must have exactly one of: ${names.join(', ')}` });
      return z.NEVER;
    });
};
