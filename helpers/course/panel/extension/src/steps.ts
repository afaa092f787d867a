/** The steps of a lab: which pass, which do not yet, and the way to each. */

import { Overview, Step } from './api';
import { Child, bar, h, number, plural } from './dom';

export type Lab = NonNullable<Overview['lab']>;

/** Return a step's sign and the words for it. */
export function sign(step: Step): [string, string] {
  if (step.passed) {
    return ['✓', 'passed'];
  }
  return step.passed === false ? ['✗', 'not yet'] : ['○', 'open'];
}

/** Return a lab's progress and its steps; *current* is the one that is worked on. */
export function steps(lab: Lab, current: string, open: (place: string) => unknown): Child[] {
  const passed = lab.steps.filter(step => step.passed).length;
  const points = `${number(lab.earned)} of ${number(lab.points)} points`;
  return [
    h('h2', {}, lab.title),
    bar(passed, lab.steps.length, 'Progress of the lab'),
    h('p', { class: 'm208-dim' }, `${passed} of ${plural(lab.steps.length, 'step')} · ${points}`),
    h('ol', {}, ...lab.steps.map(step => row(step, step.id === current, open)))
  ];
}

function row(step: Step, current: boolean, open: (place: string) => unknown): HTMLElement {
  const [shown, said] = sign(step);
  const about = {
    class: `m208-step m208-${said.replace(' ', '-')}`,
    type: 'button',
    'data-key': `step-${step.id}`,
    title: `${step.id}: ${said}, ${plural(step.points, 'point')}`,
    'aria-current': current && 'step',
    click: () => void open(step.place)
  };
  return h(
    'li',
    {},
    h(
      'button',
      about,
      h('b', { 'aria-hidden': 'true' }, shown),
      h('span', {}, step.title),
      h('span', { class: 'm208-dim' }, `${number(step.points)}`),
      h('span', { class: 'm208-sr' }, said)
    )
  );
}
