/** Pictures as SVG text, each with a sentence that says what it shows. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** Colours that are told apart on light and on dark ground, and with either kind of colour blindness (Okabe & Ito 2008). */
export const PALETTE = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#d55e00',
  '#cc79a7',
  '#56b4e9',
  '#b8a500',
  '#7f7f7f',
];
export const CALM = '#6c8ebf';
export const ALARM = '#d1495b';

/** `description` is the picture in words, for those who do not see it. */
export function draw(options: Plot.PlotOptions, description: string): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({ ...options, document: document as never, style: { background: 'none' } });
  // Its parts are no elements of their own to who listens; the picture in words is.
  for (const part of svg.querySelectorAll('[aria-label], [aria-description]')) {
    part.removeAttribute('aria-label');
    part.removeAttribute('aria-description');
  }
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', DESCRIPTION);
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  title.textContent = DESCRIPTION;
  svg.prepend(title as never);
  // As XML wants it; the HTML serializer would leave < in an attribute.
  return svg.outerHTML.replaceAll(DESCRIPTION, escapeXml(description));
}

const DESCRIPTION = 'description-of-this-picture';

function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character]!);
}
