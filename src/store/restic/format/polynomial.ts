/** Polynomials over the field of two elements: bit n of the number is the coefficient of x^n. */
export type Polynomial = bigint;

/** The degree, -1 for zero. */
export const degree = (polynomial: Polynomial): number => polynomial.toString(2).length - (polynomial === 0n ? 2 : 1);

const remainder = (dividend: Polynomial, divisor: Polynomial): Polynomial => {
  const divisorDegree = degree(divisor);
  let rest = dividend;
  for (let excess = degree(rest) - divisorDegree; excess >= 0; excess = degree(rest) - divisorDegree) {
    rest ^= divisor << BigInt(excess);
  }
  return rest;
};

const greatestCommonDivisor = (left: Polynomial, right: Polynomial): Polynomial =>
  right === 0n ? left : greatestCommonDivisor(right, remainder(left, right));

/** Squaring puts a zero between the bits. */
const square = (polynomial: Polynomial): Polynomial => BigInt(`0b${polynomial.toString(2).split('').join('0')}`);

/**
 * Whether a polynomial of degree 53 has no divisor but itself and 1, by Rabin's test: 53 is prime, so x^(2^53) must be x
 * modulo the polynomial, and x^2 - x must share no divisor with it.
 */
export const isIrreducible53 = (polynomial: Polynomial): boolean => {
  if (degree(polynomial) !== 53) return false;
  const x = 2n;
  if (greatestCommonDivisor(polynomial, square(x) ^ x) !== 1n) return false;
  let power = x;
  for (let round = 0; round < 53; round++) power = remainder(square(power), polynomial);
  return power === x;
};
