/** MOD-208 in JupyterLab. */

import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { LabIcon } from '@jupyterlab/ui-components';
import { Course } from './api';
import { colourFileCells } from './cells';
import { offerCopies } from './copies';
import { register } from './modes';
import { CoursePanel } from './panel';

const icon = new LabIcon({
  name: 'mod208:course',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">' +
    '<path d="M3 4h12v2H3zM3 11h12v2H3zM3 18h8v2H3z"/><path d="m16.2 20.6-3.3-3.3 1.4-1.4 1.9 1.9 4.5-4.5 1.4 1.4z"/>' +
    '</g></svg>'
});

const languages: JupyterFrontEndPlugin<void> = {
  id: 'mod208:languages',
  description: 'Colours HCL and Rego in files and in the cells that write them.',
  autoStart: true,
  requires: [IEditorLanguageRegistry, INotebookTracker],
  activate: (_: JupyterFrontEnd, known: IEditorLanguageRegistry, tracker: INotebookTracker) => {
    register(known);
    colourFileCells(tracker, known);
  }
};

const copies: JupyterFrontEndPlugin<void> = {
  id: 'mod208:copies',
  description: 'A button that copies what is shown.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => void app.restored.then(() => offerCopies(app.shell.node))
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'mod208:panel',
  description: 'Task, check, hints, solution, progress and services beside the notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ILabShell, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    shell: ILabShell | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const open = async (place: string): Promise<void> => {
      const [path, cell] = place.split('#');
      const widget = (await app.commands.execute('docmanager:open', { path })) as NotebookPanel | undefined;
      if (widget && cell) {
        await widget.context.ready;
        await widget.revealed;
        await widget.setFragment(`#${cell}`);
        const index = widget.content.widgets.findIndex(one => `cell-id=${one.model.id}` === decodeURIComponent(cell));
        if (index >= 0) {
          widget.content.activeCellIndex = index;
        }
      }
    };
    const course = new Course(app.serviceManager.serverSettings);
    const widget = new CoursePanel(course, tracker, open, icon);
    app.shell.add(widget, 'right', { rank: 10 });
    restorer?.add(widget, 'mod208-panel');
    const command = 'mod208:panel';
    app.commands.addCommand(command, {
      label: 'Course: Task, Check, Hints and Progress',
      icon,
      execute: () => {
        const seen = widget.isVisible && widget.node.contains(document.activeElement);
        if (seen) {
          shell?.collapseRight();
          tracker.currentWidget?.activate();
        } else {
          app.shell.activateById(widget.id);
        }
      }
    });
    app.commands.addKeyBinding({ command, keys: ['Alt Shift C'], selector: 'body' });
    palette?.addItem({ command, category: 'Course' });
  }
};

export default [languages, copies, panel];
