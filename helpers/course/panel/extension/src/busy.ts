/** One thing at a time: buttons that are off meanwhile, and what is waited for, since when. */

import { h } from './dom';

export class Busy {
  /** What is being done, or nothing. */
  what = '';

  constructor(private node: HTMLElement) {}

  /** Make a button that is off while something is done. */
  button(key: string, label: string, act: () => unknown, kind = '', name = ''): HTMLButtonElement {
    const made = h('button', { class: `m208-button ${kind}`, type: 'button', 'data-key': key, click: () => void act() });
    made.textContent = label;
    if (name) {
      made.setAttribute('aria-label', name);
    }
    made.disabled = !!this.what;
    return made;
  }

  /** Do one thing, and say in *place* how long it takes and took the last time; nothing while another is done. */
  async during<T>(
    what: string,
    key: string,
    place: HTMLElement,
    act: () => Promise<T>,
    failed: (error: unknown) => void
  ): Promise<T | null> {
    if (this.what) {
      return null;
    }
    this.what = what;
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
    this.hold(true);
    place.prepend(note);
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
      this.what = '';
      this.hold(false);
    }
  }

  private hold(off: boolean): void {
    const all = this.node.querySelectorAll<HTMLButtonElement>('.m208-button:not([data-off])');
    all.forEach(one => (one.disabled = off));
  }
}
