/** The cells of a notebook as the course uses them: which file one writes, which step it belongs to. */

import { Cell, ICellModel } from '@jupyterlab/cells';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, Notebook, NotebookPanel } from '@jupyterlab/notebook';

const WORKFILE = /^%%workfile[ \t]+(\S+)[ \t]+(\S+)[^\n]*(?:\n|$)/;
const ASKS = /lab\.(?:check|grade)\(["']([\w-]+)["']\)/;

/** Lab, file and text of a cell that writes a file. */
export interface FileCell {
  lab: string;
  path: string;
  body: string;
}

export function fileCell(source: string): FileCell | null {
  const found = WORKFILE.exec(source);
  return found && { lab: found[1], path: found[2], body: source.slice(found[0].length) };
}

/** Return the step a cell belongs to by what it says itself; a text that only speaks of a check belongs to none. */
export function stepOf(cell: ICellModel): string {
  const marked = cell.getMetadata('mod208') as { step?: string } | undefined;
  const asks = cell.type === 'code' ? ASKS.exec(cell.sharedModel.getSource()) : null;
  return marked?.step ?? asks?.[1] ?? '';
}

/** Return which of the steps *known* is at the active cell: the one that follows in the text, or the last one before. */
export function activeStep(notebook: Notebook, known: Set<string>): string {
  const steps = notebook.widgets.map(widget => stepOf(widget.model));
  const here = Math.max(0, notebook.activeCellIndex);
  const isKnown = (step: string): boolean => known.has(step);
  return steps.slice(here).find(isKnown) ?? steps.slice(0, here).reverse().find(isKnown) ?? '';
}

/** Return the text of the cell with an id. */
export function textOf(notebook: Notebook, id: string): string {
  return notebook.widgets.find(widget => widget.model.id === id)?.model.sharedModel.getSource() ?? '';
}

/** Show each cell that writes a file in the language of that file. */
export function colourFileCells(tracker: INotebookTracker, languages: IEditorLanguageRegistry): void {
  const known = new WeakSet<ICellModel>();

  const follow = (notebook: Notebook, cell: Cell): void => {
    if (cell.model.type !== 'code' || known.has(cell.model)) {
      return;
    }
    known.add(cell.model);
    const wanted = (): string => {
      const file = fileCell(cell.model.sharedModel.getSource());
      const found = file && languages.findByFileName(file.path.split('/').pop() ?? '');
      const mime = found && found.name.toLowerCase() !== 'python' ? found.mime : notebook.codeMimetype;
      return typeof mime === 'string' ? mime : mime[0];
    };
    const choose = (): void => {
      const now = cell.model.mimeType;
      if (now === wanted()) {
        return;
      }
      // The editor takes a language when it is loaded, however late: the one before must be there first.
      void languages.getLanguage(now).then(() => {
        setTimeout(() => {
          if (!cell.isDisposed && cell.model.mimeType !== wanted()) {
            cell.model.mimeType = wanted();
          }
        });
      });
    };
    cell.model.contentChanged.connect(choose);
    // The notebook sets all of them when it learns the kernel's language.
    cell.model.mimeTypeChanged.connect(choose);
    choose();
  };

  tracker.widgetAdded.connect((_: INotebookTracker, panel: NotebookPanel) => {
    const notebook = panel.content;
    const all = (): void => notebook.widgets.forEach(cell => follow(notebook, cell));
    void panel.context.ready.then(() => {
      all();
      notebook.model?.cells.changed.connect(() => {
        // The widgets of new cells are made after this signal.
        requestAnimationFrame(all);
      });
    });
    notebook.modelContentChanged.connect(all);
  });
}
