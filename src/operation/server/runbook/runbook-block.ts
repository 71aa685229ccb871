/** A part of a runbook. Nothing in it is markup. */
export type RunbookBlock =
  | { readonly kind: 'title' | 'heading' | 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [label: string, value: string])[] }
  /** To be typed, each on one line. */
  | { readonly kind: 'commands'; readonly label: string | undefined; readonly commands: readonly string[] };
