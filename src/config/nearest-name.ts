/** How many letters must be put in, left out, exchanged or swapped with their neighbour to make one word the other. */
const distance = (left: string, right: string): number => {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const next = [row];
    for (let column = 1; column <= right.length; column++) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1;
      let best = Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + cost);
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1);
      next.push(best);
    }
    [beforeLast, last] = [last, next];
  }
  return last[right.length] ?? 0;
};

/** The known name that was probably meant: at most a third of its letters are wrong. */
export const nearestName = (given: string, known: readonly string[]): string | undefined => {
  const word = given.toLowerCase().slice(0, 64);
  let nearest: string | undefined;
  let least = Infinity;
  for (const name of known) {
    const steps = distance(word, name.toLowerCase());
    if (steps < least && steps <= Math.max(1, Math.floor(name.length / 3))) [nearest, least] = [name, steps];
  }
  return nearest;
};
