/**
 * Seeded random numbers. Every use names itself: random(2020, 'tree', 17) is one stream whatever ran before it,
 * so neither the number of threads nor the order of work changes a value.
 */
export interface Random {
  /** Uniform on [0, 1) with 32 bits. */
  float(): number;
  /** Uniform whole number on [0, n). */
  int(n: number): number;
  /** Normal with mean 0 and standard deviation 1 (Box and Muller 1958). */
  normal(): number;
}

/** 32-bit FNV-1a of the seed and the names, mixed by MurmurHash3's finaliser. */
export function seedOf(seed: number, ...names: (string | number)[]): number {
  const text = [seed, ...names].join('/');
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** MurmurHash3's 32-bit finaliser (Appleby 2011): every input bit reaches every output bit. */
export function mix(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** sfc32 (Doty-Humphrey, PractRand), seeded by name. */
export function random(seed: number, ...names: (string | number)[]): Random {
  let a = seedOf(seed, ...names);
  let b = mix(a + 0x9e3779b9);
  let c = mix(b + 0x9e3779b9);
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return {
    float: () => next() / 4294967296,
    int: (n) => Math.floor((next() / 4294967296) * n),
    normal: () => {
      const radius = Math.sqrt(-2 * Math.log(1 - next() / 4294967296));
      return radius * Math.cos((2 * Math.PI * next()) / 4294967296);
    },
  };
}

/** The whole numbers 0 … n − 1 in random order (Fisher and Yates). */
export function shuffled(n: number, rng: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
