import { z } from 'zod';

/**
 * The machine that a server's backup was made on, as far as its successor has to be like it. It is the same every night that
 * nothing was installed.
 */
export const machineRecordFormat = z.object({
  /** `Rocky Linux 9.6 (Blue Onyx)`, as /etc/os-release has it. */
  distribution: z.string().exactOptional(),
  /** `rocky`, `debian`, and what it is like: `rhel`, `centos`, `fedora`. */
  families: z.array(z.string()),
  kernel: z.string(),
  architecture: z.string(),
  /** Programs that were installed, by what they are called here, with their versions: `dovecot`, `postfix`, `docker`. */
  programs: z.record(z.string(), z.string()),
  /** Number of the user that captured: what was not captured by root does not have its owners on a disk. */
  capturedBy: z.number(),
});

export type MachineRecord = z.output<typeof machineRecordFormat>;
