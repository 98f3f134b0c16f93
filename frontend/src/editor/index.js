// The editor, loaded only by pages that have one: <code-editor> around a real <textarea>, and the workbench.
import { CodeEditor } from "./element.js";
import { Workbench } from "./workbench.js";

let workbench = null;

/** For each page that has one. */
export function start(strings, say) {
  CodeEditor.strings = strings;
  if (!customElements.get("code-editor")) customElements.define("code-editor", CodeEditor);
  const form = document.getElementById("workbench");
  if (form && workbench?.form !== form) workbench = new Workbench(form, strings, say);
}

/** Whether nothing is lost when the page goes; once it `isGone`, nothing of it listens any more. */
export function leave(isGone) {
  const isKept = workbench?.keep() ?? true;
  if (!isGone) return isKept;
  workbench?.close();
  workbench = null;
  return true;
}
