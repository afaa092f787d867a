/** Colours and indentation of HCL and Rego, in files and in the cells that write them. */

import { LanguageSupport, StreamLanguage, StreamParser, StringStream } from '@codemirror/language';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';

/** What is open around the place that is read: a text, a value within a text, a comment, or the end of a heredoc. */
interface State {
  open: string[];
  /** Brackets that are open, for the indentation. */
  depth: number;
  /** Whether the first line, which a cell's magic may take, is behind. */
  begun: boolean;
}

const start = (): State => ({ open: [], depth: 0, begun: false });
const copy = (state: State): State => ({ ...state, open: [...state.open] });

/** Read the line of a cell's magic, which belongs to the notebook and not to the file. */
function magic(stream: StringStream, state: State): boolean {
  const first = !state.begun && stream.sol();
  state.begun = true;
  return first && !!stream.match(/^%%\w.*/);
}

function bracket(char: string, state: State): string {
  if ('{[('.includes(char)) {
    state.depth++;
    return 'bracket';
  }
  state.depth = Math.max(0, state.depth - 1);
  return 'bracket';
}

function indent(state: State, after: string, context: { unit: number }): number | null {
  if (state.open.length) {
    return null;
  }
  return Math.max(0, state.depth - (/^\s*[}\])]/.test(after) ? 1 : 0)) * context.unit;
}

function within(stream: StringStream, state: State, end: string): string {
  while (!stream.eol()) {
    if (stream.match(end)) {
      state.open.pop();
      break;
    }
    stream.next();
  }
  return 'comment';
}

/** Read on in a quoted text up to its end or to a value in it. */
function quoted(stream: StringStream, state: State): string {
  while (!stream.eol()) {
    if (stream.match(/^(\$\$\{|%%\{|\\.)/)) {
      continue;
    }
    if (stream.match(/^[$%]\{/, false)) {
      if (stream.pos > stream.start) {
        return 'string';
      }
      stream.match(/^[$%]\{~?/);
      state.open.push('value');
      return 'bracket';
    }
    if (stream.next() === '"') {
      state.open.pop();
      break;
    }
  }
  return 'string';
}

const HCL_WORDS = /^(for|in|if|else|endif|endfor)\b/;

function hcl(stream: StringStream, state: State): string | null {
  if (magic(stream, state)) {
    return 'meta';
  }
  const around = state.open[state.open.length - 1];
  if (around === '/*') {
    return within(stream, state, '*/');
  }
  if (around === '"') {
    return quoted(stream, state);
  }
  if (around?.startsWith('<<')) {
    if (stream.sol() && stream.string.trim() === around.slice(2)) {
      state.open.pop();
      stream.skipToEnd();
      return 'meta';
    }
    stream.skipToEnd();
    return 'string';
  }
  if (stream.eatSpace()) {
    return null;
  }
  if (stream.match(/^(#|\/\/).*/)) {
    return 'comment';
  }
  if (stream.match('/*')) {
    state.open.push('/*');
    return within(stream, state, '*/');
  }
  const heredoc = stream.match(/^<<-?([A-Za-z_]\w*)$/) as RegExpMatchArray | null;
  if (heredoc) {
    state.open.push('<<' + heredoc[1]);
    return 'meta';
  }
  if (stream.match('"')) {
    state.open.push('"');
    return quoted(stream, state);
  }
  if (around === 'value' && stream.match(/^~?\}/)) {
    state.open.pop();
    return 'bracket';
  }
  if (stream.match(/^[{}[\]()]/)) {
    const char = stream.current();
    // A bracket within a value of a text closes there, too.
    if (around === 'value' || around === '{') {
      if ('{[('.includes(char)) {
        state.open.push('{');
      } else if (around === '{') {
        state.open.pop();
      }
      return 'bracket';
    }
    return bracket(char, state);
  }
  if (stream.match(/^\d+(\.\d+)?([eE][+-]?\d+)?/)) {
    return 'number';
  }
  if (stream.match(/^(true|false|null)\b/)) {
    return 'atom';
  }
  if (stream.match(HCL_WORDS)) {
    return 'keyword';
  }
  if (stream.match(/^[A-Za-z_][\w-]*/)) {
    const first = stream.string.slice(0, stream.start).trim() === '';
    if (first && stream.match(/^\s*(["{]|[\w-]+\s*["{])/, false)) {
      return 'keyword';
    }
    if (stream.match(/^\s*=(?![=>])/, false)) {
      return 'propertyName';
    }
    if (stream.match(/^\(/, false)) {
      return 'variableName.standard';
    }
    return stream.string[stream.start - 1] === '.' ? 'propertyName' : 'variableName';
  }
  if (stream.match(/^(==|!=|<=|>=|&&|\|\||=>|\.\.\.|[-+*/%<>=!?:])/)) {
    return 'operator';
  }
  stream.next();
  return null;
}

const REGO_WORDS = /^(package|import|default|not|with|as|some|every|in|if|contains|else)\b/;

function rego(stream: StringStream, state: State): string | null {
  if (magic(stream, state)) {
    return 'meta';
  }
  if (state.open.includes('`')) {
    within(stream, state, '`');
    return 'string';
  }
  if (stream.eatSpace()) {
    return null;
  }
  if (stream.match(/^#.*/)) {
    return 'comment';
  }
  if (stream.match('`')) {
    state.open.push('`');
    within(stream, state, '`');
    return 'string';
  }
  if (stream.match(/^"(\\.|[^"\\])*"?/)) {
    return 'string';
  }
  if (stream.match(/^[{}[\]()]/)) {
    return bracket(stream.current(), state);
  }
  if (stream.match(/^\d+(\.\d+)?([eE][+-]?\d+)?/)) {
    return 'number';
  }
  if (stream.match(/^(true|false|null)\b/)) {
    return 'atom';
  }
  const field = stream.string[stream.pos - 1] === '.';
  if (!field && stream.match(REGO_WORDS)) {
    return 'keyword';
  }
  if (stream.match(/^[A-Za-z_]\w*/)) {
    if (stream.match(/^(\.\w+)*\(/, false)) {
      return 'variableName.standard';
    }
    return field ? 'propertyName' : 'variableName';
  }
  if (stream.match(/^(:=|==|!=|<=|>=|[-+*/%<>=&|:])/)) {
    return 'operator';
  }
  stream.next();
  return null;
}

function language(name: string, token: StreamParser<State>['token'], comments: object): LanguageSupport {
  return new LanguageSupport(
    StreamLanguage.define<State>({
      name,
      startState: start,
      copyState: copy,
      token,
      indent,
      languageData: {
        commentTokens: comments,
        indentOnInput: /^\s*[}\])]$/,
        closeBrackets: { brackets: ['(', '[', '{', '"'] }
      }
    })
  );
}

/** Make the editor know HCL and Rego; YAML, JSON, Go and Python it knows already. */
export function register(languages: IEditorLanguageRegistry): void {
  languages.addLanguage({
    name: 'hcl',
    displayName: 'HCL (Terraform)',
    alias: ['terraform', 'tf'],
    mime: 'text/x-hcl',
    extensions: ['tf', 'hcl', 'tfvars'],
    support: language('hcl', hcl, { line: '#', block: { open: '/*', close: '*/' } })
  });
  languages.addLanguage({
    name: 'rego',
    displayName: 'Rego (OPA)',
    mime: 'text/x-rego',
    extensions: ['rego'],
    support: language('rego', rego, { line: '#' })
  });
}
