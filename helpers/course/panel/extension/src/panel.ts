/** The side panel: the task at the active cell, its check, hints and solution, the lab's steps, services, what is next. */

import { LabIcon } from '@jupyterlab/ui-components';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';
import { Course, Overview, Restored, Service, Step, Verdict } from './api';
import { activeStep, fileCell, stepOf, textOf } from './cells';
import { Child, bar, diff, h, number, plural } from './dom';
import { LEVELS, fault, verdict } from './shown';

/** Milliseconds between two looks at the services, while the panel is seen. */
const PULSE = 10_000;

/** What is known of one step since the page was opened. */
interface Work {
  verdict?: Verdict;
  /** Texts of hints -> how many are open; they go with their reason. */
  open: Map<string, number>;
  /** The difference to the solution, or what was written. */
  changes?: { title: string; text: string; said: string };
  /** Why what was asked for last did not work. */
  fault?: unknown;
}

export class CoursePanel extends Widget {
  private overview: Overview | null = null;
  private works = new Map<string, Work>();
  private step = '';
  private following: NotebookPanel | null = null;
  private pulse = 0;
  private busy = '';
  private serviceFault: unknown = null;
  private parts: Record<'course' | 'step' | 'lab' | 'services', HTMLElement>;

  constructor(
    private course: Course,
    private tracker: INotebookTracker,
    private rendermime: IRenderMimeRegistry,
    private open: (place: string) => Promise<void>,
    icon: LabIcon
  ) {
    super();
    this.id = 'mod208-panel';
    this.title.icon = icon;
    this.title.caption = 'Course: task, check, hints, progress, services';
    this.addClass('m208-panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Course');
    const part = (label: string): HTMLElement => h('section', { 'aria-label': label });
    this.parts = {
      course: part('Progress'),
      step: part('Task'),
      lab: part('Steps'),
      services: part('Services')
    };
    this.node.append(...Object.values(this.parts));
    tracker.currentChanged.connect(() => void this.turn());
    tracker.activeCellChanged.connect(() => this.follow());
    // A cell may have checked, or started a service.
    NotebookActions.executed.connect(() => void this.refresh());
    void this.turn();
  }

  protected onAfterShow(): void {
    void this.refresh();
    this.pulse = window.setInterval(() => this.busy || void this.refresh(), PULSE);
  }

  protected onBeforeHide(): void {
    window.clearInterval(this.pulse);
  }

  /** Put the keyboard where one goes on. */
  protected onActivateRequest(): void {
    (this.node.querySelector<HTMLElement>('button:not([disabled])') ?? this.node).focus();
  }

  private get notebook(): NotebookPanel | null {
    return this.tracker.currentWidget;
  }

  private get path(): string {
    return this.notebook?.context.path ?? '';
  }

  /** Another notebook is in front. */
  private async turn(): Promise<void> {
    const panel = this.notebook;
    if (panel === this.following) {
      return;
    }
    this.following = panel;
    this.step = '';
    await panel?.revealed;
    await this.refresh();
  }

  /** Another cell is the active one: show its step. */
  private follow(): void {
    const step = this.overview?.lab && this.notebook ? activeStep(this.notebook.content) : '';
    const known = this.overview?.lab?.steps.find(one => one.id === step);
    if ((known?.id ?? '') !== this.step && !this.busy) {
      this.step = known?.id ?? '';
      this.drawStep();
      this.drawLab();
    }
  }

  private async refresh(): Promise<void> {
    if (!this.isVisible) {
      return;
    }
    try {
      this.overview = await this.course.overview(this.path);
    } catch (error) {
      this.parts.course.replaceChildren(fault(error));
      return;
    }
    this.drawCourse();
    this.drawServices();
    const before = this.step;
    this.follow();
    if (this.step === before) {
      this.drawLab();
      if (!this.busy && !this.parts.step.hasChildNodes()) {
        this.drawStep();
      }
    }
  }

  // ---- what is drawn

  /** Replace what a part shows, and leave the keyboard where it was. */
  private draw(part: HTMLElement, ...children: Child[]): void {
    const focused = part.contains(document.activeElement) && document.activeElement?.getAttribute('data-key');
    const opened = new Set(Array.from(part.querySelectorAll('details[open]')).map(one => one.getAttribute('data-key')));
    part.replaceChildren(...children.filter((child): child is Node | string => !!child));
    part.querySelectorAll('details').forEach(one => {
      one.open = one.open || opened.has(one.getAttribute('data-key'));
    });
    if (focused) {
      part.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  private drawCourse(): void {
    const { done, of, earned, points, next } = this.overview!.course;
    const counted = `${done} of ${of} done · ${number(earned)} of ${number(points)} points`;
    this.draw(
      this.parts.course,
      h('h2', {}, 'Course'),
      bar(done, of, 'Progress of the course'),
      h('p', { class: 'm208-dim' }, counted),
      next
        ? this.button('continue', `Continue: ${next.label}`, () => this.open(next.place))
        : h('p', {}, 'Everything is done.')
    );
  }

  private drawLab(): void {
    const lab = this.overview?.lab;
    if (!lab) {
      this.draw(this.parts.lab);
      return;
    }
    const steps = lab.steps.map(step => {
      const [sign, said] = this.sign(step);
      return h(
        'li',
        {},
        h(
          'button',
          {
            class: `m208-step m208-${said.replace(' ', '-')}`,
            'data-key': `step-${step.id}`,
            title: `${step.id}: ${said}, ${plural(step.points, 'point')}`,
            'aria-current': step.id === this.step && 'step',
            click: () => void this.open(step.place)
          },
          h('b', { 'aria-hidden': 'true' }, sign),
          h('span', {}, step.title),
          h('span', { class: 'm208-dim' }, `${number(step.points)}`),
          h('span', { class: 'm208-sr' }, said)
        )
      );
    });
    const passed = lab.steps.filter(step => step.passed).length;
    this.draw(
      this.parts.lab,
      h('h2', {}, lab.title),
      bar(passed, lab.steps.length, 'Progress of the lab'),
      h(
        'p',
        { class: 'm208-dim' },
        `${passed} of ${plural(lab.steps.length, 'step')} · ${number(lab.earned)} of ${number(lab.points)} points`
      ),
      h('ol', {}, ...steps)
    );
  }

  private sign(step: Step): [string, string] {
    if (step.passed) {
      return ['✓', 'passed'];
    }
    return step.passed === false ? ['✗', 'not yet'] : ['○', 'open'];
  }

  private get current(): Step | undefined {
    return this.overview?.lab?.steps.find(step => step.id === this.step);
  }

  private work(step: string): Work {
    const key = `${this.overview?.lab?.id} ${step}`;
    const found = this.works.get(key) ?? { open: new Map() };
    this.works.set(key, found);
    return found;
  }

  private drawStep(note?: Child): void {
    const step = this.current;
    if (!step) {
      const lab = this.overview?.lab;
      const words = lab ? 'Choose a step below.' : 'Open a notebook of a lab: its task, check and hints stand here.';
      this.draw(this.parts.step, h('p', { class: 'm208-dim' }, words));
      return;
    }
    const work = this.work(step.id);
    this.draw(
      this.parts.step,
      h('h2', {}, step.title),
      this.task(step),
      h(
        'div',
        { class: 'm208-row' },
        this.button('check', 'Check', () => this.check(step), 'm208-main'),
        this.hintButton(work),
        this.button('compare', 'Compare with the solution', () => this.ask(step, 'compare')),
        this.button('reset', 'Reset…', () => this.ask(step, 'reset'))
      ),
      h('div', { class: 'm208-note', role: 'status' }, note || (work.fault ? fault(work.fault) : null)),
      this.judgement(step, work),
      this.changes(step, work)
    );
  }

  /** The words of the task, as the notebook has them. */
  private task(step: Step): HTMLElement | null {
    const id = /#cell-id=(.*)$/.exec(step.place)?.[1];
    const text = id && this.notebook ? textOf(this.notebook.content, decodeURIComponent(id)) : '';
    if (!text) {
      return null;
    }
    const shown = this.rendermime.createRenderer('text/markdown');
    const model = this.rendermime.createModel({ data: { 'text/markdown': text.replace(/^#+ .*\n*/, '') } });
    void shown.renderModel(model);
    return h('details', { open: true, 'data-key': `task-${step.id}` }, h('summary', {}, 'Task'), shown.node);
  }

  private judgement(step: Step, work: Work): HTMLElement | null {
    const found = work.verdict;
    if (!found) {
      const [sign, said] = this.sign(step);
      return h('p', { class: `m208-${said.replace(' ', '-')}` }, `${sign} ${said}`, step.reason ? `: ${step.reason}` : '');
    }
    return h(
      'div',
      { class: 'm208-verdict' },
      ...verdict(found, work.open),
      found.passed && found.next
        ? this.button('next', `Next: ${found.next.title}`, () => this.open(found.next!.place), 'm208-main')
        : null
    );
  }

  private changes(step: Step, work: Work): HTMLElement | null {
    if (!work.changes) {
      return null;
    }
    const { title, text, said } = work.changes;
    return h(
      'div',
      {},
      h('h3', {}, title),
      text ? diff(text, title) : null,
      h('p', {}, said),
      title.startsWith('Solution:')
        ? this.button('solve', 'Write the solution…', () => this.ask(step, 'solve'), 'm208-danger')
        : null
    );
  }

  private drawServices(): void {
    const { services } = this.overview!;
    const up = services.filter(one => one.status !== 'stopped');
    const down = services.filter(one => one.status === 'stopped');
    this.draw(
      this.parts.services,
      h('h2', {}, 'Services'),
      this.serviceFault ? fault(this.serviceFault) : null,
      up.length ? h('ul', {}, ...up.map(one => this.service(one))) : h('p', { class: 'm208-dim' }, 'None is running.'),
      h(
        'details',
        { 'data-key': 'stopped' },
        h('summary', {}, `${down.length} not started`),
        h('ul', {}, ...down.map(one => this.service(one)))
      )
    );
  }

  private service(one: Service): HTMLElement {
    const sign = { running: '●', starting: '◐', stopped: '○', failed: '✗' }[one.status];
    const kind = { running: 'm208-passed', starting: 'm208-dim', stopped: 'm208-dim', failed: 'm208-not-yet' }[one.status];
    const [verb, action] = one.status === 'running' ? ['Restart', 'restart'] : ['Start', 'start'];
    const said = one.status === 'failed' ? 'it was killed or crashed' : one.status;
    const act = async (): Promise<void> => {
      this.serviceFault = null;
      await this.during(
        `${verb}ing ${one.name}`,
        `service-${one.name}`,
        () => this.course.act('services', { name: one.name, action }),
        error => (this.serviceFault = error)
      );
      await this.refresh();
    };
    return h(
      'li',
      { class: 'm208-service', title: [one.purpose, one.url].filter(Boolean).join(' · ') },
      h('b', { class: kind, 'aria-hidden': 'true' }, sign),
      h('span', {}, one.name),
      h('span', { class: kind }, said),
      one.status === 'starting' ? null : this.button(`service-${one.name}`, verb, act, '', `${verb} ${one.name}`)
    );
  }

  private button(key: string, label: string, act: () => unknown, kind = '', name = ''): HTMLButtonElement {
    const made = h('button', { class: `m208-button ${kind}`, type: 'button', 'data-key': key, click: () => void act() });
    made.textContent = label;
    if (name) {
      made.setAttribute('aria-label', name);
    }
    made.disabled = !!this.busy;
    return made;
  }

  private hintButton(work: Work): HTMLElement | null {
    const due = work.verdict?.due ?? [];
    if (!due.length) {
      return null;
    }
    const found = due.find(({ hints }) => (work.open.get(hints.join('\n')) ?? 0) < hints.length);
    if (!found) {
      const none = this.button('hint', 'No more hints', () => undefined);
      none.disabled = true;
      none.dataset.off = 'true';
      return none;
    }
    const key = found.hints.join('\n');
    const level = work.open.get(key) ?? 0;
    return this.button('hint', `Hint ${level + 1} of 3: ${LEVELS[level]}`, () => {
      work.open.set(key, level + 1);
      this.drawStep();
    });
  }

  // ---- what is done

  /** Do one thing: buttons off, what is waited for and since when, how long it took the last time. */
  private async during<T>(
    what: string,
    key: string,
    act: () => Promise<T>,
    failed: (error: unknown) => void
  ): Promise<T | null> {
    if (this.busy) {
      return null;
    }
    this.busy = what;
    const kept = `mod208:seconds:${key}`;
    const last = window.localStorage.getItem(kept);
    const note = h('p', { class: 'm208-working', role: 'status' });
    const began = Date.now();
    const tell = (): void => {
      const seconds = Math.round((Date.now() - began) / 1000);
      note.textContent = `${what} … ${seconds} s${last ? ` (last time ${last} s)` : ''}`;
    };
    const clock = window.setInterval(tell, 1000);
    tell();
    const hold = (off: boolean): void =>
      this.node.querySelectorAll<HTMLButtonElement>('.m208-button:not([data-off])').forEach(one => (one.disabled = off));
    hold(true);
    const place = this.parts.step.querySelector('.m208-note') ?? this.parts.services;
    (key.startsWith('service-') ? this.parts.services : place).prepend(note);
    try {
      const done = await act();
      window.localStorage.setItem(kept, String(Math.max(1, Math.round((Date.now() - began) / 1000))));
      return done;
    } catch (error) {
      failed(error);
      return null;
    } finally {
      window.clearInterval(clock);
      note.remove();
      this.busy = '';
      hold(false);
    }
  }

  /** Do something about a step; what went wrong stays to be read until the next thing is done. */
  private async doing<T>(step: Step, what: string, action: string, more: object = {}): Promise<T | null> {
    const work = this.work(step.id);
    work.fault = undefined;
    this.drawStep();
    const key = action === 'compare' ? action : `${action}-${this.overview?.lab?.id}-${step.id}`;
    const body = { path: this.path, step: step.id, ...more };
    const done = await this.during<T>(what, key, () => this.course.act(action, body), error => (work.fault = error));
    this.drawStep();
    return done;
  }

  /** The texts of the cells that write files of this lab: of all, or of one step. */
  private cells(step = ''): Record<string, string> {
    const cells = (this.notebook?.content.widgets ?? []).map(one => one.model);
    const files = cells.filter(cell => !step || stepOf(cell) === step).map(cell => fileCell(cell.sharedModel.getSource()));
    const mine = files.filter(file => file?.lab === this.overview?.lab?.id);
    return Object.fromEntries(mine.map(file => [file!.path, file!.body]));
  }

  private judged(work: Work, verdict: Verdict): void {
    const due = new Set(verdict.due.map(({ hints }) => hints.join('\n')));
    work.open = new Map([...work.open].filter(([hints]) => due.has(hints)));
    work.verdict = verdict;
  }

  private async check(step: Step): Promise<void> {
    const work = this.work(step.id);
    const verdict = await this.doing<Verdict>(step, 'Checking', 'check', { cells: this.cells(step.id) });
    if (verdict) {
      this.judged(work, verdict);
      work.changes = undefined;
      this.drawStep();
      await this.refresh();
    }
    this.parts.step.querySelector<HTMLElement>('[data-key="check"]')?.focus();
  }

  /** Ask before something is shown or written that one might regret. */
  private ask(step: Step, action: 'compare' | 'solve' | 'reset'): void {
    const [words, yes] = {
      compare: ['Show the solution of this step beside your files? Nothing is written.', 'Yes, show it'],
      solve: ['Write the solution of this step over your files? Yours are kept under backup/.', 'Yes, write the solution'],
      reset: ['Put the starter files of this step back? Yours are kept under backup/.', 'Yes, reset this step']
    }[action];
    const go = (): Promise<void> => (action === 'compare' ? this.compare(step) : this.restore(step, action));
    const sure = this.button('yes', yes, go, action === 'compare' ? 'm208-main' : 'm208-danger');
    const no = this.button('no', 'No', () => this.drawStep());
    this.drawStep(h('div', { role: 'alert' }, h('p', {}, words), h('div', { class: 'm208-row' }, sure, no)));
    no.focus();
  }

  private async compare(step: Step): Promise<void> {
    const work = this.work(step.id);
    const found = await this.doing<{ changes: string }>(step, 'Looking', 'compare');
    if (found) {
      const said = found.changes ? '− is yours, + is the solution.' : 'Your files are those of the solution.';
      work.changes = { title: 'Solution: difference to your files', text: found.changes, said };
      this.drawStep();
    }
  }

  private async restore(step: Step, action: 'solve' | 'reset'): Promise<void> {
    // Who goes on to another notebook meanwhile finds the cells of this one changed.
    const [lab, notebook, work] = [this.overview?.lab?.id, this.notebook, this.work(step.id)];
    const [verb, title] = action === 'solve' ? ['Solving', 'Written'] : ['Resetting', 'Starter files'];
    const done = await this.doing<Restored>(step, verb, action, { cells: this.cells() });
    if (!done) {
      return;
    }
    notebook?.content.widgets.forEach(({ model: { sharedModel } }) => {
      const file = fileCell(sharedModel.getSource());
      if (file?.lab === lab && file && done.cells[file.path] !== undefined) {
        sharedModel.setSource(`%%workfile ${file.lab} ${file.path}\n${done.cells[file.path].replace(/\n$/, '')}`);
      }
    });
    this.judged(work, done.verdict);
    work.changes = { title, text: done.changes, said: done.said };
    this.drawStep();
    await this.refresh();
  }
}
