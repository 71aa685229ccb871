import type { ComponentForm } from '../../../contract/component.ts';

/** Where a component of a backup lies on the disk. */
export interface StoredPlace {
  readonly form: ComponentForm;
  /** Its folder, absolute, as a byte string. */
  readonly root: string;
}
