// The editor, loaded only by pages that have one: <code-editor> around a real <textarea>, and the workbench.
import { CodeEditor } from "./element.js";
import { Workbench } from "./workbench.js";

export function start(strings, say) {
  CodeEditor.strings = strings;
  customElements.define("code-editor", CodeEditor);
  const form = document.getElementById("workbench");
  if (form) new Workbench(form, strings, say);
}
