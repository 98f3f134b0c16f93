// Forms with data-keeps keep what is typed in this tab until it is saved: a reload, the Back button, a lost connection or
// a session that ended takes nothing.
import { measure } from "./configuration.js";

const PREFIX = "form:";
const KEPT = "input:not([type=hidden], [type=password], [type=file]), select, textarea";

let page; // the address turns to the next page's before that has come

function keyOf(form) {
  const name = form.id || [...document.querySelectorAll("form[data-keeps]")].indexOf(form);
  return `${PREFIX}${page}#${name}`;
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null; // no storage, or not ours
  }
}

function write(key, kept) {
  try {
    if (kept) sessionStorage.setItem(key, JSON.stringify(kept));
    else sessionStorage.removeItem(key);
  } catch {
    // No storage, so nothing is kept: the form itself works all the same.
  }
}

/** A word that this browser keeps, where it keeps any. */
export function remember(name, word) {
  try {
    localStorage.setItem(name, word);
  } catch {
    // No storage: it is not known the next time.
  }
}

export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keys() {
  try {
    return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function fieldsOf(form) {
  return [...form.querySelectorAll(KEPT)].filter((field) => field.name);
}

function valuesOf(form) {
  return fieldsOf(form).map((field) => [field.name, field.value, field.checked ?? false]);
}

function keep(form, isSent) {
  write(keyOf(form), { values: valuesOf(form), isSent });
}

/** As many rows as there were. */
function layOut(form, values) {
  for (const button of form.querySelectorAll("[data-action=add-row]")) {
    const rows = document.getElementById(button.dataset.rows);
    const { content } = document.getElementById(button.dataset.template);
    const { name } = content.querySelector("input");
    const wanted = values.filter(([of]) => of === name).length;
    while (rows.querySelectorAll("[data-row]").length < wanted) rows.append(content.cloneNode(true));
    for (const row of [...rows.querySelectorAll("[data-row]")].slice(wanted)) row.remove();
  }
}

function fill(form, values) {
  layOut(form, values);
  const left = [...values];
  for (const field of fieldsOf(form)) {
    const isChoice = field.type === "radio" || field.type === "checkbox";
    const place = left.findIndex(([name, value]) => name === field.name && (!isChoice || value === field.value));
    if (place < 0) continue;
    const [[, value, isChecked]] = left.splice(place, 1);
    if (isChoice) field.checked = isChecked;
    else field.value = value;
  }
  measure();
}

function bringBack(form, strings) {
  const kept = read(keyOf(form));
  if (!kept || JSON.stringify(kept.values) === JSON.stringify(valuesOf(form))) return write(keyOf(form), null);
  fill(form, kept.values);
  const note = document.createElement("div");
  note.className = "alert warn";
  note.setAttribute("role", "status");
  const drop = document.createElement("button");
  Object.assign(drop, { type: "button", className: "button small", textContent: strings.discard });
  drop.addEventListener("click", () => {
    write(keyOf(form), null);
    location.reload();
  });
  const words = document.createElement("div");
  words.textContent = strings.typedIsBack;
  note.append(words, drop);
  (form.querySelector(".form, .pane-body") ?? form).prepend(note);
  if (form.closest("details")) form.closest("details").open = true;
}

/** What was sent and led to another page is saved; what led to the sign-in page waits for its form to come back. */
function settle(isSignedOut) {
  for (const key of keys()) {
    const kept = read(key);
    if (kept?.isSent) write(key, isSignedOut ? { ...kept, isSent: false } : null);
  }
}

/** For each page: what was typed there and is not saved is typed again. */
export function bringFormsBack(strings) {
  page = location.pathname;
  settle(document.body.classList.contains("page-alone"));
  for (const form of document.querySelectorAll("form[data-keeps]")) bringBack(form, strings);
}

export function keepForms() {
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, ({ target }) => { if (target.form?.dataset.keeps !== undefined) keep(target.form, false); });
  }
  document.addEventListener("submit", ({ target }) => {
    if (target.dataset.keeps !== undefined) keep(target, true);
    if (target.dataset.forgets !== undefined) for (const key of keys()) write(key, null);
  });
  document.addEventListener("htmx:error", () => settle(true));
  document.addEventListener("htmx:after:swap", () => {
    for (const form of document.querySelectorAll("form[data-keeps]:has([aria-invalid=true], .alert.bad)")) keep(form, false);
  });
}
