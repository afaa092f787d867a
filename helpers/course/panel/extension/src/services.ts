/** The services: which run, which do not, and a button for each. */

import { Course, Service } from './api';
import { Busy } from './busy';
import { h, redraw } from './dom';
import { fault } from './shown';

const SIGNS = { running: '●', starting: '◐', stopped: '○', failed: '✗' };
const KINDS = { running: 'm208-passed', starting: 'm208-dim', stopped: 'm208-dim', failed: 'm208-not-yet' };

export class Services {
  readonly node = h('section', { 'aria-label': 'Services' });
  private fault: unknown = null;

  constructor(
    private course: Course,
    private busy: Busy,
    private refresh: () => Promise<void>
  ) {}

  draw(services: Service[]): void {
    const up = services.filter(one => one.status !== 'stopped');
    const down = services.filter(one => one.status === 'stopped');
    redraw(
      this.node,
      h('h2', {}, 'Services'),
      this.fault ? fault(this.fault) : null,
      up.length ? h('ul', {}, ...up.map(one => this.row(one))) : h('p', { class: 'm208-dim' }, 'None is running.'),
      h(
        'details',
        { 'data-key': 'stopped' },
        h('summary', {}, `${down.length} not started`),
        h('ul', {}, ...down.map(one => this.row(one)))
      )
    );
  }

  private row(one: Service): HTMLElement {
    const kind = KINDS[one.status];
    const [verb, action] = one.status === 'running' ? ['Restart', 'restart'] : ['Start', 'start'];
    const said = one.status === 'failed' ? 'it was killed or crashed' : one.status;
    const act = async (): Promise<void> => {
      this.fault = null;
      await this.busy.during(
        `${verb}ing ${one.name}`,
        `service-${one.name}`,
        this.node,
        () => this.course.act('services', { name: one.name, action }),
        error => (this.fault = error)
      );
      await this.refresh();
    };
    const key = `service-${one.name}`;
    return h(
      'li',
      { class: 'm208-service', title: [one.purpose, one.url].filter(Boolean).join(' · ') },
      h('b', { class: kind, 'aria-hidden': 'true' }, SIGNS[one.status]),
      h('span', {}, one.name),
      h('span', { class: kind }, said),
      one.status === 'starting' ? null : this.busy.button(key, verb, act, '', `${verb} ${one.name}`)
    );
  }
}
