/** A table that sorts by the column whose heading is pressed; without JavaScript it is a table. */
import { createHash } from 'node:crypto';

const CODE = `
for (const head of document.querySelectorAll('table.sortable th')) {
  const button = document.createElement('button');
  button.append(...head.childNodes);
  head.append(button);
  button.onclick = () => {
    const body = head.closest('table').tBodies[0], at = head.cellIndex;
    const up = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const rows = [...body.rows].map((row) => [row.cells[at].textContent, row]);
    const isNumber = rows.every(([text]) => text === '' || !isNaN(text.replaceAll(',', '')));
    const key = (text) => (isNumber ? (text === '' ? NaN : +text.replaceAll(',', '')) : text);
    rows.sort(([a], [b]) => {
      const [x, y] = [key(a), key(b)];
      if (x !== x || y !== y) return (x !== x) - (y !== y);
      return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
    });
    body.append(...rows.map(([, row]) => row));
  };
}
`;

export const SORTABLE = `<script>${CODE}</script>`;

/** The one script that a page of a report may run, for the policy that it is served under. */
export function sortableHash(): string {
  return `sha256-${createHash('sha256').update(CODE).digest('base64')}`;
}
