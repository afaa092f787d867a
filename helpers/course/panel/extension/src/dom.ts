/** Elements of the panel. */

export type Child = Node | string | null | undefined | false;

/** Make an element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string | boolean | undefined | ((event: Event) => void)> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      made.addEventListener(key, value);
    } else if (value === true) {
      made.setAttribute(key, '');
    } else if (value) {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.filter((child): child is Node | string => !!child));
  return made;
}

/** Replace what a part shows; the keyboard, and what was opened or closed by hand, stay as they were. */
export function redraw(part: HTMLElement, ...children: Child[]): void {
  const focused = part.contains(document.activeElement) && document.activeElement?.getAttribute('data-key');
  const known = new Map(Array.from(part.querySelectorAll('details')).map(one => [one.dataset.key, one.open]));
  part.replaceChildren(...children.filter((child): child is Node | string => !!child));
  part.querySelectorAll('details').forEach(one => {
    one.open = known.get(one.dataset.key) ?? one.open;
  });
  if (focused) {
    part.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
}

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
export const number = (value: number): string => String(Math.round(value * 100) / 100);

export function bar(done: number, of: number, label: string): HTMLElement {
  const share = of ? Math.round((100 * done) / of) : 0;
  const filled = h('i', { style: `width:${share}%` });
  const values = { 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-valuenow': String(share), 'aria-label': label };
  return h('div', { class: 'm208-bar', role: 'progressbar', ...values }, filled);
}

/** Show a unified difference with its added and removed lines. */
export function diff(text: string, label: string): HTMLElement {
  const lines = text.split('\n').map(line => {
    const kind = /^(\+\+\+|---|@@)/.test(line) ? 'm208-dim' : { '+': 'm208-ins', '-': 'm208-del' }[line[0]];
    return h('span', kind ? { class: kind } : {}, line + '\n');
  });
  return h('pre', { class: 'm208-diff', tabindex: '0', 'data-key': 'changes', 'aria-label': label }, ...lines);
}
