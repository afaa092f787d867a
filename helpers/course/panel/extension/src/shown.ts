/** How a verdict with its hints, and a fault, are shown. */

import { Fault, Verdict } from './api';
import { Child, h, number, plural } from './dom';

export const LEVELS = ['nudge', 'pointer', 'near-solution'];

/** Return a verdict and the hints that are open: those of a reason stand together. */
export function verdict(found: Verdict, open: Map<string, number>): Child[] {
  const points = `${found.passed ? number(found.points) : 0} of ${plural(found.points, 'point')}`;
  const about = [found.counted, points].filter(Boolean).join(' · ');
  const groups = [...new Set(found.items.map(item => item.group))];
  const kind = found.passed ? 'm208-passed' : 'm208-not-yet';
  return [
    h('p', { class: kind }, h('b', {}, found.passed ? '✓ passed' : '✗ not yet'), ` · ${about}`),
    ...(found.items.length && !found.passed
      ? groups.map(group => items(found, group))
      : [h('p', {}, found.reason)]),
    found.unrun.length ? h('p', { class: 'm208-unrun' }, unrun(found.unrun)) : null,
    ...found.due.flatMap(({ reasons, hints }) => {
      const given = open.get(hints.join('\n')) ?? 0;
      const which = given && found.due.length > 1 ? h('p', { class: 'm208-dim' }, `About: ${reasons.join('; ')}`) : null;
      return [which, ...hints.slice(0, given).map((text, level) => hint(text, level, hints.length, level === given - 1))];
    })
  ];
}

function unrun(files: string[]): string {
  return files.length === 1
    ? `The files are judged, and a cell says something else than its file: ${files[0]}. Run it first.`
    : `The files are judged, and cells say something else than their files: ${files.join(', ')}. Run them first.`;
}

function items(found: Verdict, group: string): HTMLElement {
  const mine = found.items.filter(item => item.group === group && (item.name || !item.passed));
  const lines = mine.map(item =>
    h(
      'li',
      { class: item.passed ? 'm208-passed' : 'm208-not-yet' },
      h('b', {}, item.passed ? '✓ ' : '✗ '),
      item.reason || item.name
    )
  );
  return h('div', {}, group && mine.length ? h('h3', {}, group) : null, h('ul', {}, ...lines));
}

function hint(text: string, level: number, most: number, open: boolean): HTMLElement {
  const title = h('summary', {}, `Hint ${level + 1} of ${most}: ${LEVELS[level]}`);
  return h('details', { open, 'data-key': `hint-${text}` }, title, level === 2 ? h('pre', {}, text) : h('p', {}, text));
}

/** Return a fault: what, why, next. */
export function fault(error: unknown): HTMLElement {
  const told = error instanceof Fault ? error : new Fault(String(error));
  return h(
    'div',
    { class: 'm208-fault', role: 'alert' },
    h('p', {}, h('b', {}, `${told.what}.`)),
    told.why ? h('p', {}, told.why) : null,
    told.next ? h('p', {}, 'Next:') : null,
    told.next ? h('pre', {}, told.next) : null
  );
}
