/** How many tests ended how; a check such as lint counts as one test. */
export type Tally = {
  readonly tests: number;
  readonly suites: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
  /** What was said of those that failed. */
  readonly faults: readonly string[];
};

export const nothing: Tally = {
  tests: 0,
  suites: 0,
  passed: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
  todo: 0,
  faults: [],
};
export const onePassed: Tally = { ...nothing, tests: 1, passed: 1 };
export const oneFailed: Tally = { ...nothing, tests: 1, failed: 1 };

const mostLinesOfFaults = 200;

export function sum(a: Tally, b: Tally): Tally {
  return {
    tests: a.tests + b.tests,
    suites: a.suites + b.suites,
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    cancelled: a.cancelled + b.cancelled,
    skipped: a.skipped + b.skipped,
    todo: a.todo + b.todo,
    faults: [...a.faults, ...b.faults],
  };
}

export function isGood(tally: Tally): boolean {
  return tally.failed === 0 && tally.cancelled === 0;
}

/** What failed once more, node's own closing lines, and last, alone, what a person or a script looks for. */
export function closingLines(tally: Tally, milliseconds: number): string[] {
  const faults = tally.faults.flatMap((fault) => fault.split('\n'));
  return [
    ...(faults.length === 0 ? [] : ['What failed, once more:', ...faults.slice(0, mostLinesOfFaults)]),
    `ℹ tests ${tally.tests}`,
    `ℹ suites ${tally.suites}`,
    `ℹ pass ${tally.passed}`,
    `ℹ fail ${tally.failed}`,
    `ℹ cancelled ${tally.cancelled}`,
    `ℹ skipped ${tally.skipped}`,
    `ℹ todo ${tally.todo}`,
    `ℹ duration_ms ${milliseconds.toFixed(0)}`,
    `${tally.passed} passed, ${tally.failed + tally.cancelled} failed`,
  ];
}
