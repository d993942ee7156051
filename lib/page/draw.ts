/** Draws a picture. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { coloursOf, csvOf, type Picture, type Swatch } from './picture.ts';

/** `rows` are the figures that the marks show, one object each with the same keys; names alone in the legend stand for the palette. */
export function draw(
  options: Plot.PlotOptions,
  words: string,
  rows: readonly object[],
  legend: readonly (string | Swatch)[] = [],
): Picture {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({
    marginLeft: LEFT,
    ...options,
    document: document as never,
    // On a phone a wide picture is scrolled, not made too small to be read.
    style: { background: 'none', minWidth: `${Math.min(LEAST, options.width ?? LEAST)}px` },
  });
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
  const text = svg.outerHTML.replaceAll(DESCRIPTION, () => escapeXml(words));
  return { svg: text, words, csv: csvOf(rows), legend: legend.length > 1 ? swatchesOf(legend) : [] };
}

function swatchesOf(legend: readonly (string | Swatch)[]): Swatch[] {
  const colours = coloursOf(legend);
  return legend.map((each, k) => (typeof each === 'string' ? { name: each, color: colours[k]! } : each));
}

/** Room for a number of six digits beside the axis, in pixels. */
const LEFT = 52;
/** A picture that is wider is not drawn narrower than this, in pixels. */
const LEAST = 576;
const DESCRIPTION = 'description-of-this-picture';

function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character]!);
}
