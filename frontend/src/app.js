// Behaviour that every page shares. No inline handlers anywhere: elements say what they do in data-* attributes.
import { measure } from "./configuration.js";
import { bringFormsBack, keepForms, recall, remember } from "./keeping.js";
import { cap } from "./logs.js";
import { openPalette } from "./palette.js";
import { goByParts } from "./parts.js";
import { htmxIsReady, isPainted } from "./ready.js";

const strings = JSON.parse(document.getElementById("strings")?.textContent ?? "{}");
const root = document.documentElement;

// -- messages that pass --------------------------------------------------------------------------

export function say(text, kind = "ok") {
  const toast = document.createElement("div");
  toast.className = `toast ${kind}`;
  toast.textContent = text;
  const toasts = document.getElementById("toasts");
  toasts?.append(toast);
  setTimeout(() => toast.remove(), 5000);
}

/** Browsers give the clipboard to https and localhost only; a classroom's plain http needs the old way. */
function copy(text, button) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = document.createElement("textarea");
  area.value = text;
  (button.closest("dialog") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  button.focus();
  return isCopied;
}

// -- what buttons do -----------------------------------------------------------------------------

const prepare = {
  /** The dialog speaks of the event that is chosen now. */
  "event-save"(dialog) {
    const [option] = document.getElementById("event-choice").selectedOptions;
    dialog.querySelector("#event-name").value = option?.dataset.name ?? "";
    dialog.querySelector(`[name=sharing][value=${option?.dataset.shared === undefined ? "own" : "shared"}]`).checked = true;
    dialog.querySelector("#event-delete").hidden = !option?.dataset.name;
    dialog.querySelector("#event-save-note").replaceChildren();
  },
};

const actions = {
  async copy(button) {
    const source = button.dataset.from ? document.querySelector(button.dataset.from) : null;
    if (!(await copy(source ? (source.value ?? source.textContent) : button.dataset.text, button))) return;
    button.classList.add("copied");
    say(strings.copied);
    setTimeout(() => button.classList.remove("copied"), 1500);
  },
  open(button) {
    const dialog = document.getElementById(button.dataset.dialog);
    for (const [name, value] of Object.entries(button.dataset)) {
      if (!name.startsWith("set")) continue;
      const slot = dialog.querySelector(`[data-slot="${name.slice(3).toLowerCase()}"]`);
      if (slot?.tagName === "FORM") slot.action = value;
      else if (slot) slot.textContent = value;
    }
    prepare[dialog.id]?.(dialog);
    dialog.showModal();
  },
  close(button) {
    button.closest("dialog")?.close();
  },
  dismiss(button) {
    button.closest(".alert")?.remove();
  },
  theme(button) {
    const theme = button.value;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const other of document.querySelectorAll('[data-action="theme"]')) other.setAttribute("aria-pressed", other === button);
    const form = button.form;
    const data = new FormData(form, button);
    const headers = { "HX-Request": "true" };
    fetch(form.action, { method: "POST", body: data, headers, keepalive: true }).catch(() => say(strings.unreachable, "bad"));
    return true;
  },
  "add-row"(button) {
    const template = document.getElementById(button.dataset.template);
    const rows = document.getElementById(button.dataset.rows);
    rows.append(template.content.cloneNode(true));
    rows.lastElementChild.querySelector("input").focus();
  },
  "remove-row"(button) {
    const row = button.closest("[data-row]");
    (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("input")?.focus();
    row.remove();
    measure();
  },
  palette() {
    openPalette();
    return true;
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-action]");
  const action = button && actions[button.dataset.action];
  if (action) {
    if (action(button) === true) event.preventDefault();
  } else if (event.target.tagName === "DIALOG") {
    event.target.close(); // a click beside it
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("change", (event) => {
  if (event.target.dataset.families) chooseRuntime(event.target.dataset.families.split(" "));
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
});

/** A blueprint of another language brings its runtime along. */
function chooseRuntime(families) {
  const select = document.getElementById("id_runtime");
  if (families.includes(select.selectedOptions[0]?.dataset.family)) return;
  const fitting = [...select.options].find((option) => families.includes(option.dataset.family));
  if (fitting) fitting.selected = true;
}

// -- keys ----------------------------------------------------------------------------------------

let before = "";
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  if (event.target.closest("input, textarea, select, [contenteditable], dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = before + event.key;
  before = event.key === "g" ? "g" : "";
  const link = document.querySelector(`[data-keys="${CSS.escape(keys)}"]`) ?? document.querySelector(`[data-keys="${CSS.escape(event.key)}"]`);
  if (!link) return;
  event.preventDefault();
  if (link.matches("input")) link.focus();
  else link.click();
});

// -- htmx ----------------------------------------------------------------------------------------

document.addEventListener("htmx:error", () => say(strings.unreachable, "bad"));
document.addEventListener("htmx:sse:error", () => say(strings.unreachable, "bad"));
document.addEventListener("close-dialog", (event) => event.target.closest?.("dialog")?.close()); // of the document, when its page was left
document.addEventListener("htmx:after:swap", () => {
  cap(document.getElementById("log-lines"));
  for (const toast of document.querySelectorAll("#toasts > .toast:not([data-timed])")) {
    toast.dataset.timed = "";
    setTimeout(() => toast.remove(), 5000);
  }
});
for (const toast of document.querySelectorAll("#toasts > .toast")) setTimeout(() => toast.remove(), 5000);
keepForms();

// -- a page comes, and another one goes -----------------------------------------------------------

const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 500));
let editor;
const editorFiles = root.dataset.editor.split(" "); // the first is made of the others

/** On a telephone a strip of links is wider than the page: the current one is to be seen. */
function showPlaces() {
  for (const link of document.querySelectorAll(":is(.sidebar, .tabs) [aria-current]")) {
    const strip = link.closest(".sidebar, .tabs");
    strip.scrollLeft += link.getBoundingClientRect().left - strip.getBoundingClientRect().left - (strip.clientWidth - link.offsetWidth) / 2;
  }
}

addEventListener("resize", showPlaces);

function arrive() {
  for (const dialog of document.querySelectorAll("dialog[data-open]")) dialog.showModal();
  showPlaces();
  const named = location.hash && document.getElementById(location.hash.slice(1)); // …#publish opens that dialog
  if (named?.tagName === "DIALOG") named.showModal();
  const skip = document.querySelector('.skip[href="#run"]');
  if (skip) skip.hidden = !document.getElementById("run");
  bringFormsBack(strings);
  // The editor comes only where it is needed, and not before htmx: Ctrl+Enter in between would send the form the plain way.
  if (!document.querySelector("code-editor")) return whenIdle(readAhead);
  Promise.all([isPainted(), htmxIsReady]).then(startEditor).catch(() => say(strings.unreachable, "bad"));
}

async function startEditor() {
  editor ??= await fetchEditor();
  remember("editor", root.dataset.editor);
  editor.start(strings, say, isPainted);
}

/** Each of its files is read in a task of its own, as `editor/tasks.js` says. */
async function fetchEditor() {
  const [first, ...others] = editorFiles;
  for (const file of others) {
    await import(file);
    await new Promise((done) => setTimeout(done));
  }
  return import(first);
}

/** Where it has been fetched before, it is read again while nothing else is done: the next page has it at once. */
function readAhead() {
  const isNear = document.querySelector(".sidebar [aria-current]")?.dataset.within.endsWith("/functions/");
  if (isNear && !editor && recall("editor") === root.dataset.editor) startEditor().catch(() => {}); // who needs it is told
}

/** What it is made of comes with a page that has one; this asks for it when such a page may be about to come. */
async function expectEditor(answer) {
  if (editor || document.querySelector('link[rel="modulepreload"]')) return;
  if (!(await answer.clone().text()).includes("<code-editor")) return;
  for (const href of editorFiles) document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
}

/** Nothing keeps what is typed until the editor has come. */
function isTypedEarly() {
  return !editor && [...document.querySelectorAll("code-editor textarea")].some((area) => area.value !== area.defaultValue);
}

goByParts({ arrive, leave: (isGone) => editor?.leave(isGone) ?? (isGone || !isTypedEarly()), expect: expectEditor });
let sent;
document.addEventListener("submit", (event) => { sent = event; });
addEventListener("beforeunload", (event) => { if (isTypedEarly() && sent?.defaultPrevented !== false) event.preventDefault(); });
