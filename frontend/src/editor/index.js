// The editor, loaded only by pages that have one: <code-editor> around a real <textarea>, and the workbench.
import { CodeEditor } from "./element.js";
import { Workbench } from "./workbench.js";
import { nextTask } from "./tasks.js";

let workbench = null;

/** For each page that has one. */
export async function start(strings, say, isPainted) {
  CodeEditor.strings = strings;
  if (!customElements.get("code-editor")) customElements.define("code-editor", CodeEditor);
  CodeEditor.whenPainted = (act) => isPainted().then(act); // until then its textarea can be read and typed into
  await nextTask();
  const form = document.getElementById("workbench");
  if (!form) return; // it was left meanwhile
  if (workbench?.form !== form) workbench = new Workbench(form, strings, say);
  CodeEditor.hasCompany = true;
  for (const editor of document.querySelectorAll("code-editor:has(> .cm-editor)")) editor.dataset.ready = "";
}

/** Whether nothing is lost when the page goes; once it `isGone`, nothing of it listens any more. */
export function leave(isGone) {
  const isKept = workbench?.keep() ?? true;
  if (!isGone) return isKept;
  workbench?.close();
  workbench = null;
  CodeEditor.hasCompany = false;
  return true;
}
