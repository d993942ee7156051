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

/** One column of a matrix. */
export function columnOf({ names, rows, values }: Matrix, column: number): Float64Array {
  const width = names.length;
  const taken = new Float64Array(rows);
  for (let row = 0, at = column; row < rows; row++, at += width) taken[row] = values[at]!;
  return taken;
}
