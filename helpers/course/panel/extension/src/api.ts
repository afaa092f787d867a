/** What the course's server extension (helpers/course/panel) answers, and how it is asked. */

import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

export interface Step {
  id: string;
  title: string;
  notebook: string;
  points: number;
  /** True: it passed at the last check; false: it did not; null: it was never checked. */
  passed: boolean | null;
  reason: string;
  /** Path of its notebook from JupyterLab's root, with the cell of its heading. */
  place: string;
}

export interface Overview {
  course: { done: number; of: number; earned: number; points: number; next: { label: string; place: string } | null };
  lab: { id: string; title: string; earned: number; points: number; steps: Step[] } | null;
  services: Service[];
  /** Whether the notebook in front is not in its directory any more. */
  gone: boolean;
}

export interface Service {
  name: string;
  purpose: string;
  status: 'running' | 'starting' | 'stopped' | 'failed';
  url: string;
}

export interface Verdict {
  step: string;
  passed: boolean;
  reason: string;
  points: number;
  counted: string;
  items: { group: string; name: string; passed: boolean; reason: string }[];
  due: { reasons: string[]; hints: string[] }[];
  next: { title: string; place: string } | null;
  /** Files whose cell has another text than the file, and no other change explains it. */
  unrun: string[];
}

export interface Restored {
  said: string;
  changes: string;
  /** File of the workspace -> what its cell should say now. */
  cells: Record<string, string>;
  verdict: Verdict;
}

/** A fault that a person can act on. */
export class Fault extends Error {
  constructor(
    readonly what: string,
    readonly why = '',
    readonly next = ''
  ) {
    super(what);
  }
}

export class Course {
  constructor(private settings: ServerConnection.ISettings) {}

  overview(path: string): Promise<Overview> {
    return this.ask('?' + new URLSearchParams({ path }).toString());
  }

  act<T>(action: string, body: Record<string, unknown>): Promise<T> {
    return this.ask(`/${action}`, { method: 'POST', body: JSON.stringify(body) });
  }

  private async ask<T>(rest: string, init: RequestInit = {}): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'mod208/panel') + rest;
    let answer: Response;
    try {
      answer = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      const again = PageConfig.getOption('hubPrefix') ? 'Start your server in the hub, and reload this page' : 'make lab';
      throw new Fault('JupyterLab does not answer', 'Its server has ended, or the network is gone.', again);
    }
    if (answer.status === 403) {
      const why = 'You signed out, or its server was started again.';
      throw new Fault('JupyterLab no longer lets this page in', why, 'Reload this page');
    }
    if (answer.status === 404) {
      const why = "This server runs without the course's part, which its environment would bring.";
      throw new Fault('The course does not answer', why, 'make lab');
    }
    const data = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      throw new Fault(data.what ?? data.message ?? `The course answered ${answer.status}`, data.why, data.next);
    }
    return data as T;
  }
}
