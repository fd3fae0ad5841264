import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder as placeholderText } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { type CodeFault, diagnosticsOf } from "./faults";
import { type CodeLanguage, languageOf } from "./language";
import { codeTheme } from "./theme";

export interface CodeProps {
  /** Names the field for screen readers. */
  label: string;
  value: string;
  language: CodeLanguage;
}

export interface CodeEditorProps extends CodeProps {
  onChange: (value: string) => void;
  /** Shown at their lines. */
  faults?: readonly CodeFault[];
  placeholder?: string;
  readOnly?: boolean;
}

const common: Extension = [
  lineNumbers(),
  foldGutter(),
  bracketMatching(),
  drawSelection(),
  highlightSelectionMatches(),
  search({ top: false }),
  codeTheme,
];
const NO_FAULTS: readonly CodeFault[] = [];

function label(words: string): Extension {
  return EditorView.contentAttributes.of({ "aria-label": words });
}

function replaceText(view: EditorView, value: string) {
  if (view.state.doc.toString() === value) return;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
}

/** A CodeMirror that follows its props. Tab indents while it has the focus; Escape, then Tab leaves it. */
function useEditor(props: CodeProps, mode: () => Extension) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const language = useRef(new Compartment());
  const start = useRef({ props, mode });

  useEffect(() => {
    const parent = host.current;
    if (!parent) return;
    const { props, mode } = start.current;
    const state = EditorState.create({
      doc: props.value,
      extensions: [common, language.current.of(languageOf(props.language)), label(props.label), mode()],
    });
    const made = new EditorView({ state, parent });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    if (view.current) replaceText(view.current, props.value);
  }, [props.value]);

  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(languageOf(props.language)) });
  }, [props.language]);

  return { host, view };
}

/** Text to read: selectable, searchable (Ctrl+F), foldable, of any length. */
export function CodeView(props: CodeProps) {
  const { host } = useEditor(props, () => [
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ "aria-readonly": "true" }),
    keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
  ]);
  return <div className="code-view" ref={host} />;
}

/** Text to write, with the faults found in it at their lines. */
export function CodeEditor({ onChange, faults = NO_FAULTS, placeholder, readOnly, ...props }: CodeEditorProps) {
  const latest = useRef({ onChange, value: props.value });
  latest.current = { onChange, value: props.value };
  const { host, view } = useEditor(props, () => [
    history(),
    indentOnInput(),
    highlightActiveLine(),
    lintGutter(),
    placeholder ? placeholderText(placeholder) : [],
    EditorState.readOnly.of(readOnly ?? false),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      const value = update.state.doc.toString();
      if (value !== latest.current.value) latest.current.onChange(value);
    }),
    keymap.of([...searchKeymap, ...foldKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap]),
  ]);

  useEffect(() => {
    const editor = view.current;
    if (editor) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(faults, editor.state.doc)));
  }, [faults, view]);

  return <div className="code-edit" ref={host} />;
}
