/** A button that copies what is shown: commands, files and code in texts and outputs. */

import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';

const SHOWN = '.jp-RenderedMarkdown pre, .m208 pre, .m208-panel pre';
const DONE = 'm208-copyable';

function add(block: HTMLElement): void {
  if (!block.textContent?.trim()) {
    return;
  }
  block.classList.add(DONE);
  const button = document.createElement('button');
  button.className = 'm208-copy';
  button.type = 'button';
  const show = (icon: typeof copyIcon, label: string): void => {
    button.replaceChildren(icon.element({ elementSize: 'small' }));
    button.title = label;
    button.setAttribute('aria-label', label);
  };
  button.addEventListener('click', event => {
    event.stopPropagation();
    // The button is a drawing and has no text, so the block's text is what it was.
    Clipboard.copyToSystem((block.textContent ?? '').replace(/\n$/, ''));
    show(checkIcon, 'Copied');
    setTimeout(() => show(copyIcon, 'Copy'), 1500);
  });
  show(copyIcon, 'Copy');
  block.prepend(button);
}

/** Give every block that is shown below *root*, now or later, its button. */
export function offerCopies(root: HTMLElement): void {
  let due = false;
  const look = (): void => {
    due = false;
    root.querySelectorAll<HTMLElement>(SHOWN).forEach(block => {
      if (!block.querySelector(':scope > .m208-copy')) {
        add(block);
      }
    });
  };
  new MutationObserver(() => {
    if (!due) {
      due = true;
      requestAnimationFrame(look);
    }
  }).observe(root, { childList: true, subtree: true });
  look();
}
