import { Fault, type FaultCode } from '../../model/fault.ts';

/** A Fault as it crosses a thread border, where classes are lost. */
export interface PlainFault {
  readonly code: FaultCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly retry: boolean;
  readonly context: Readonly<Record<string, string | number | boolean>>;
}

export const plainFault = (fault: Fault): PlainFault => ({
  code: fault.code,
  message: fault.message,
  hint: fault.hint,
  retry: fault.retry,
  context: fault.context,
});

export const revivedFault = (plain: PlainFault): Fault =>
  new Fault(plain.code, plain.message, {
    retry: plain.retry,
    context: plain.context,
    ...(plain.hint === undefined ? {} : { hint: plain.hint }),
  });
