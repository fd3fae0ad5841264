export { CodeEditor, type CodeEditorProps, type CodeProps, CodeView } from "./code-editor";
export type { CodeFault } from "./faults";
export { type CodeLanguage, languageFor, pretty } from "./language";
