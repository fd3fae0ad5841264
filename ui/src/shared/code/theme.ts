import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "transparent", fontSize: "12px", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "19px", fontFeatureSettings: '"calt" 0' },
  ".cm-content": { caretColor: "var(--accent)", padding: "6px 0" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection": {
    backgroundColor: "var(--accent-bg)",
  },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--text-3)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "28px", padding: "0 10px 0 4px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--bg-hover)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--bg-hover)", border: "none", color: "var(--text-3)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-bg)", outline: "none" },
  ".cm-placeholder": { color: "var(--text-3)" },
  ".cm-panels": { backgroundColor: "var(--bg-raised)", color: "var(--text)", border: "none" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button": { fontFamily: "var(--font-ui)", fontSize: "12px" },
  ".cm-textfield": {
    backgroundColor: "var(--bg-inset)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r-s)",
    color: "var(--text)",
  },
  ".cm-button": {
    backgroundColor: "var(--bg-card)",
    backgroundImage: "none",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r-s)",
    color: "var(--text)",
  },
  ".cm-searchMatch": { backgroundColor: "var(--s4-bg)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--accent-bg)", outline: "1px solid var(--accent)" },
  ".cm-tooltip": {
    backgroundColor: "var(--bg-raised)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r-m)",
    color: "var(--text)",
    fontFamily: "var(--font-ui)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--s5-fill)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--s5-fill)",
    textUnderlineOffset: "3px",
  },
  ".cm-fault-line": { backgroundColor: "var(--s5-bg)" },
});

const words = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--k-key)" },
  { tag: [tags.string, tags.special(tags.string), tags.attributeValue], color: "var(--k-str)" },
  { tag: tags.number, color: "var(--k-num)" },
  { tag: [tags.bool, tags.null, tags.keyword, tags.atom], color: "var(--k-lit)" },
  { tag: [tags.punctuation, tags.separator, tags.bracket, tags.comment], color: "var(--k-punct)" },
]);

/** The editor's look, all of it from tokens: a change of theme needs no new editor. */
export const codeTheme: Extension = [colours, syntaxHighlighting(words)];
