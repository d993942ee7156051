/**
 * Exact noise of the discrete Gaussian, with whole numbers alone (Canonne, Kamath and Steinke 2020, algorithms 1 to 3): nothing is
 * rounded, so that the privacy that is said is the privacy that is given.
 */
import { randomFillSync } from 'node:crypto';

/** Random bytes. Of the system, except in tests: a seed that is known takes the privacy away. */
export interface Bits {
  /** A whole number below `bound`, each as likely. */
  below(bound: bigint): bigint;
  /** Uniform on (0, 1). */
  float(): number;
}

const POOL = 1 << 16;

/** Bits of the system's own source, which are nowhere on record. */
export function systemBits(): Bits {
  const pool = Buffer.alloc(POOL);
  let at = POOL;
  return bitsFrom((count) => {
    if (at + count > POOL) {
      randomFillSync(pool);
      at = 0;
    }
    at += count;
    return pool.subarray(at - count, at);
  });
}

/** `bytes` gives so many random bytes. */
export function bitsFrom(bytes: (count: number) => Uint8Array): Bits {
  return {
    below(bound) {
      // As many bits as the bound has; what is not below it is drawn again.
      const bits = (bound - 1n).toString(2).length;
      const count = Math.ceil(bits / 8);
      const mask = (1n << BigInt(bits)) - 1n;
      for (;;) {
        let value = 0n;
        for (const byte of bytes(count)) value = (value << 8n) | BigInt(byte);
        value &= mask;
        if (value < bound) return value;
      }
    },
    float() {
      const [a, b, c, d, e, f] = bytes(6) as unknown as [number, number, number, number, number, number];
      const whole = ((a * 256 + b) * 256 + c) * 2 ** 24 + (d * 256 + e) * 256 + f;
      return (whole + 0.5) / 2 ** 48;
    },
  };
}

/** True with probability numerator / denominator. */
function bernoulli(bits: Bits, numerator: bigint, denominator: bigint): boolean {
  return bits.below(denominator) < numerator;
}

/** True with probability exp(−numerator / denominator) (algorithm 1). */
function bernoulliExp(bits: Bits, numerator: bigint, denominator: bigint): boolean {
  let rest = numerator;
  for (; rest > denominator; rest -= denominator) if (!atMostOne(bits, 1n, 1n)) return false;
  return atMostOne(bits, rest, denominator);
}

function atMostOne(bits: Bits, numerator: bigint, denominator: bigint): boolean {
  let k = 1n;
  while (bernoulli(bits, numerator, denominator * k)) k++;
  return k % 2n === 1n;
}

/** The discrete Laplace distribution of a whole scale (algorithm 2). */
function discreteLaplace(bits: Bits, scale: bigint): bigint {
  for (;;) {
    const u = bits.below(scale);
    if (!bernoulliExp(bits, u, scale)) continue;
    let v = 0n;
    while (bernoulliExp(bits, 1n, 1n)) v++;
    const x = u + scale * v;
    const isNegative = bits.below(2n) === 1n;
    if (isNegative && x === 0n) continue;
    return isNegative ? -x : x;
  }
}

/** Variances are whole numbers of this part. */
const PART = 1024n;

/** Noise whose variance is at least `variance`, and by less than a thousandth part more (algorithm 3). */
export function discreteGaussian(bits: Bits, variance: number): number {
  const p = BigInt(Math.ceil(variance * Number(PART)));
  const t = BigInt(Math.floor(Math.sqrt(variance)) + 1);
  for (;;) {
    const y = discreteLaplace(bits, t);
    const off = (y < 0n ? -y : y) * PART * t - p;
    if (bernoulliExp(bits, off * off, 2n * p * PART * t * t)) return Number(y);
  }
}
