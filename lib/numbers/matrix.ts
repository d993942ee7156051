/** Numbers a model learns from or scores: row-major, one name per column, NaN where a value is missing. */
export interface Matrix {
  readonly names: readonly string[];
  readonly rows: number;
  /** rows × names.length */
  readonly values: Float64Array;
}

/** The given rows of a matrix, in the given order. */
export function takeRows(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const width = matrix.names.length;
  const values = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * width;
    for (let f = 0; f < width; f++) values[i * width + f] = matrix.values[from + f]!;
  }
  return { names: matrix.names, rows: rows.length, values };
}

/** One column of a matrix, or the given rows of it. */
export function columnOf({ names, rows, values }: Matrix, column: number, some?: Int32Array): Float64Array {
  const width = names.length;
  const taken = new Float64Array(some?.length ?? rows);
  for (let i = 0; i < taken.length; i++) taken[i] = values[(some?.[i] ?? i) * width + column]!;
  return taken;
}

/** The values that are not missing, in their order: a copy. */
export function presentOf(values: Float64Array): Float64Array {
  const present = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) present[count++] = value;
  }
  return present.subarray(0, count);
}
