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
