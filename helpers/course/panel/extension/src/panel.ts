/** The side panel: the task at the active cell, its check, hints and solution, the lab's steps, services, what is next. */

import { LabIcon } from '@jupyterlab/ui-components';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';
import { Course, Fault, Overview, Restored, Step, Verdict } from './api';
import { Busy } from './busy';
import { activeStep, fileCell, stepOf, textOf } from './cells';
import { Child, bar, diff, h, number, redraw } from './dom';
import { Services } from './services';
import { LEVELS, fault, verdict } from './shown';
import { sign, steps } from './steps';

/** Milliseconds between two looks at the services, while the panel is seen. */
const PULSE = 10_000;
/** Milliseconds without another cell that ran, after which the panel looks. */
const CALM = 500;

const GONE = new Fault(
  'This notebook is not in its directory any more',
  'It was moved, renamed or deleted outside JupyterLab.',
  'Open it at its new place, in the file browser'
);

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
  /** The notebook in front, and the one that *overview* is about: another one until the server has answered. */
  private following: NotebookPanel | null = null;
  private shown: NotebookPanel | null = null;
  private pulse = 0;
  private calm = 0;
  private due = false;
  private looking: Promise<void> | null = null;
  private busy = new Busy(this.node);
  private services: Services;
  private parts: Record<'course' | 'step' | 'lab', HTMLElement>;

  constructor(
    private course: Course,
    private tracker: INotebookTracker,
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
    this.parts = { course: part('Progress'), step: part('Task'), lab: part('Steps') };
    this.services = new Services(course, this.busy, () => this.refresh());
    this.node.append(...Object.values(this.parts), this.services.node);
    tracker.currentChanged.connect(() => void this.turn());
    tracker.activeCellChanged.connect(() => this.follow());
    // A cell may have checked, or started a service; of all cells run at once, the last is waited for.
    NotebookActions.executed.connect(() => {
      window.clearTimeout(this.calm);
      this.calm = window.setTimeout(() => void this.refresh(), CALM);
    });
    void this.turn();
  }

  protected onAfterShow(): void {
    void this.refresh();
    window.clearInterval(this.pulse);
    this.pulse = window.setInterval(() => this.busy.what || void this.refresh(), PULSE);
  }

  protected onBeforeHide(): void {
    window.clearInterval(this.pulse);
  }

  /** Put the keyboard where one goes on. */
  protected onActivateRequest(): void {
    (this.node.querySelector<HTMLElement>('button:not([disabled])') ?? this.node).focus();
  }

  /** The notebook that is shown; nothing once it is closed. */
  private get notebook(): NotebookPanel | null {
    return this.shown?.isDisposed ? null : this.shown;
  }

  /** Another notebook is in front. */
  private async turn(): Promise<void> {
    const panel = this.tracker.currentWidget;
    if (panel === this.following) {
      return;
    }
    this.following = panel;
    await panel?.revealed;
    await this.refresh();
  }

  /** Another cell is the active one: show its step. */
  private follow(): void {
    if (this.busy.what || this.shown !== this.tracker.currentWidget) {
      return;
    }
    const known = new Set(this.overview?.lab?.steps.map(one => one.id));
    const step = this.notebook ? activeStep(this.notebook.content, known) : '';
    if (step !== this.step) {
      this.step = step;
      this.drawStep();
      this.drawLab();
    }
  }

  /** Look again. Who asks while an answer is waited for gets the next one. */
  private refresh(): Promise<void> {
    if (!this.isVisible) {
      return Promise.resolve();
    }
    this.due = true;
    this.looking ??= this.look().finally(() => (this.looking = null));
    return this.looking;
  }

  private async look(): Promise<void> {
    while (this.due) {
      this.due = false;
      const notebook = this.tracker.currentWidget;
      try {
        const found = await this.course.overview(notebook?.context.path ?? '');
        if (notebook === this.tracker.currentWidget) {
          this.take(found, notebook);
        } else {
          this.due = true;
        }
      } catch (error) {
        redraw(this.parts.course, fault(error));
      }
    }
  }

  private take(found: Overview, notebook: NotebookPanel | null): void {
    const before = this.overview;
    const other = this.shown !== notebook || before?.lab?.id !== found.lab?.id || before?.gone !== found.gone;
    this.overview = found;
    this.shown = notebook;
    this.drawCourse();
    this.services.draw(found.services);
    const step = this.step;
    this.follow();
    if (this.step === step) {
      this.drawLab();
      if (!this.busy.what && (other || !this.parts.step.hasChildNodes())) {
        this.drawStep();
      }
    }
  }

  // ---- what is drawn

  private drawCourse(): void {
    const { done, of, earned, points, next } = this.overview!.course;
    const counted = `${done} of ${of} questions, steps and answers done · ${number(earned)} of ${number(points)} points`;
    redraw(
      this.parts.course,
      h('h2', {}, 'Course'),
      bar(done, of, 'Progress of the course'),
      h('p', { class: 'm208-dim' }, counted),
      next
        ? this.busy.button('continue', `Continue: ${next.label}`, () => this.open(next.place))
        : h('p', {}, 'Everything is done.')
    );
  }

  private drawLab(): void {
    const lab = this.overview?.lab;
    redraw(this.parts.lab, ...(lab ? steps(lab, this.step, this.open) : []));
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
      const { lab, gone } = this.overview ?? {};
      const words = lab ? 'Choose a step below.' : 'Open a notebook of a lab: its task, check and hints stand here.';
      redraw(this.parts.step, gone ? fault(GONE) : h('p', { class: 'm208-dim' }, words));
      return;
    }
    const work = this.work(step.id);
    redraw(
      this.parts.step,
      h('h2', {}, step.title),
      this.task(step),
      h(
        'div',
        { class: 'm208-row' },
        this.busy.button('check', 'Check', () => this.check(step), 'm208-main'),
        this.hintButton(work),
        this.busy.button('compare', 'Compare with the solution', () => this.ask(step, 'compare')),
        this.busy.button('reset', 'Reset…', () => this.ask(step, 'reset'))
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
    // The notebook's own, which knows where its links and drawings lead.
    const rendermime = this.notebook!.content.rendermime;
    const shown = rendermime.createRenderer('text/markdown');
    const model = rendermime.createModel({ data: { 'text/markdown': text.replace(/^#+ .*\n*/, '') } });
    void shown.renderModel(model);
    return h('details', { open: true, 'data-key': `task-${step.id}` }, h('summary', {}, 'Task'), shown.node);
  }

  private judgement(step: Step, work: Work): HTMLElement | null {
    const found = work.verdict;
    if (!found) {
      const [shown, said] = sign(step);
      return h('p', { class: `m208-${said.replace(' ', '-')}` }, `${shown} ${said}`, step.reason ? `: ${step.reason}` : '');
    }
    return h(
      'div',
      { class: 'm208-verdict' },
      ...verdict(found, work.open),
      found.passed && found.next
        ? this.busy.button('next', `Next: ${found.next.title}`, () => this.open(found.next!.place), 'm208-main')
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
        ? this.busy.button('solve', 'Write the solution…', () => this.ask(step, 'solve'), 'm208-danger')
        : null
    );
  }

  private hintButton(work: Work): HTMLElement | null {
    const due = work.verdict?.due ?? [];
    if (!due.length) {
      return null;
    }
    const found = due.find(({ hints }) => (work.open.get(hints.join('\n')) ?? 0) < hints.length);
    if (!found) {
      const none = this.busy.button('hint', 'No more hints', () => undefined);
      none.disabled = true;
      none.dataset.off = 'true';
      return none;
    }
    const key = found.hints.join('\n');
    const level = work.open.get(key) ?? 0;
    return this.busy.button('hint', `Hint ${level + 1} of ${found.hints.length}: ${LEVELS[level]}`, () => {
      work.open.set(key, level + 1);
      this.drawStep();
      const all = this.parts.step.querySelectorAll('details[data-key^="hint-"]');
      all.item(all.length - 1)?.scrollIntoView({ block: 'nearest' });
    });
  }

  // ---- what is done

  /** Do something about a step; what went wrong stays to be read until the next thing is done. */
  private async doing<T>(step: Step, what: string, action: string, more: object = {}): Promise<T | null> {
    const work = this.work(step.id);
    work.fault = undefined;
    this.drawStep();
    const key = action === 'compare' ? action : `${action}-${this.overview?.lab?.id}-${step.id}`;
    const body = { path: this.notebook?.context.path ?? '', step: step.id, ...more };
    const place = this.parts.step.querySelector<HTMLElement>('.m208-note') ?? this.parts.step;
    const act = (): Promise<T> => this.course.act(action, body);
    const done = await this.busy.during<T>(what, key, place, act, error => (work.fault = error));
    this.drawStep();
    this.follow();
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
    this.focus('check');
  }

  /** Put the keyboard on the first of these that is there, and so into view. */
  private focus(...keys: string[]): void {
    const at = document.activeElement;
    if (at && at !== document.body && !this.node.contains(at)) {
      // Who went on to write while a check ran goes on to write.
      return;
    }
    const found = keys.map(key => this.parts.step.querySelector<HTMLElement>(`[data-key="${key}"]`));
    found.find(one => one)?.focus();
  }

  /** Ask before something is shown or written that one might regret. */
  private ask(step: Step, action: 'compare' | 'solve' | 'reset'): void {
    const [words, yes] = {
      compare: ['Show the solution of this step beside your files? Nothing is written.', 'Yes, show it'],
      solve: ['Write the solution of this step over your files? Yours are kept under backup/.', 'Yes, write the solution'],
      reset: ['Put the starter files of this step back? Yours are kept under backup/.', 'Yes, reset this step']
    }[action];
    const go = (): Promise<void> => (action === 'compare' ? this.compare(step) : this.restore(step, action));
    const sure = this.busy.button('yes', yes, go, action === 'compare' ? 'm208-main' : 'm208-danger');
    const no = this.busy.button('no', 'No', () => this.drawStep());
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
    this.focus(found ? 'changes' : 'compare', 'compare');
  }

  private async restore(step: Step, action: 'solve' | 'reset'): Promise<void> {
    // Who goes on to another notebook meanwhile finds the cells of this one changed.
    const [lab, notebook, work] = [this.overview?.lab?.id, this.notebook, this.work(step.id)];
    const [verb, title] = action === 'solve' ? ['Solving', 'Written'] : ['Resetting', 'Starter files'];
    const done = await this.doing<Restored>(step, verb, action, { cells: this.cells() });
    if (!done) {
      this.focus(action, 'check');
      return;
    }
    (notebook?.isDisposed ? [] : (notebook?.content.widgets ?? [])).forEach(({ model: { sharedModel } }) => {
      const file = fileCell(sharedModel.getSource());
      if (file?.lab === lab && file && done.cells[file.path] !== undefined) {
        sharedModel.setSource(`%%workfile ${file.lab} ${file.path}\n${done.cells[file.path].replace(/\n$/, '')}`);
      }
    });
    this.judged(work, done.verdict);
    work.changes = { title, text: done.changes, said: done.said };
    this.drawStep();
    await this.refresh();
    this.focus('next', 'check');
  }
}
