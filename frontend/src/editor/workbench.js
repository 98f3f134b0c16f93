// The function page: the unsaved marker, the keys that save and run, what the answers change.
import { Draft } from "./drafts.js";
import { Files } from "./files.js";

export class Workbench {
  constructor(form, strings, say) {
    Object.assign(this, { form, strings, say, gone: new AbortController() });
    this.draft = new Draft(location.pathname);
    this.files = new Files(form, strings, say, () => this.onEdit());
    this.saved = this.files.given();
    this.savedEvent = this.event.textarea.defaultValue;
    this.restore(this.draft.read());
    this.draft.left(() => this.form.isConnected && !this.unsaved()).then((draft) => this.restore(draft));
    this.listen();
    this.markError();
    this.onEdit();
  }

  get event() {
    return document.getElementById("event-editor");
  }

  listen() {
    this.form.addEventListener("edit", () => this.onEdit());
    this.form.addEventListener("checked", (event) => this.onChecked(event));
    this.form.addEventListener("change", (event) => { if (event.target.id === "event-choice") this.chosen = this.onEventChoice(event.target); });
    this.form.addEventListener("submit", (event) => this.waitForEvent(event), true);
    document.getElementById("draft-drop").addEventListener("click", () => this.dropDraft());
    this.hear("workbench-run", () => this.press("test"));
    this.hear("workbench-save", () => this.press("save"));
    this.hear("keydown", (event) => this.onKey(event));
    this.hear("click", (event) => this.onClick(event));
    this.hear("htmx:before:request", (event) => { if (this.isOurs(event)) this.onAsk(event); });
    this.hear("htmx:after:swap", (event) => this.onAnswer(event));
    this.hear("test-again", ({ target }) => { if (this.form.contains(target)) this.press("test"); });
    // A form that is sent the plain way leaves the page on purpose.
    this.hear("submit", (event) => { if (event.target.dataset.leaves !== undefined) this.leaving = true; });
    this.hear("pagehide", () => this.draft.now(() => this.unsaved()), window);
    this.hear("beforeunload", (event) => { if (!this.leaving && !this.keep()) event.preventDefault(); }, window);
  }

  /** For as long as this page is there. */
  hear(name, act, where = document) {
    where.addEventListener(name, act, { signal: this.gone.signal });
  }

  /** Whether what is not saved is kept for when the page comes back. */
  keep() {
    return this.draft.now(() => this.unsaved()) || !this.isDirty();
  }

  close() {
    this.gone.abort();
    this.files.close();
    this.draft.close();
  }

  // -- saved or not --------------------------------------------------------------------------------

  isDirty() {
    const now = this.files.texts();
    return now.size !== this.saved.size || [...now].some(([path, text]) => text === null || this.saved.get(path) !== text);
  }

  onEdit() {
    this.showState();
    this.draft.later(() => this.unsaved());
  }

  showState() {
    const now = this.files.texts();
    for (const tab of this.files.all()) {
      tab.toggleAttribute("data-dirty", now.has(tab.dataset.path) && this.saved.get(tab.dataset.path) !== now.get(tab.dataset.path));
    }
    const state = document.getElementById("save-state");
    const dirty = this.isDirty();
    state.classList.toggle("unsaved", dirty);
    state.querySelector("[data-saved]").hidden = dirty;
    state.querySelector("[data-unsaved]").hidden = !dirty;
  }

  // -- drafts --------------------------------------------------------------------------------------

  /** What a reload would lose, or null. */
  unsaved() {
    const now = this.files.texts();
    const files = Object.fromEntries([...now].filter(([path, text]) => text !== null && this.saved.get(path) !== text));
    const removed = [...this.saved.keys()].filter((path) => !now.has(path));
    const event = this.event.value === this.savedEvent ? undefined : this.event.value;
    if (!Object.keys(files).length && !removed.length && event === undefined) return null;
    return { base: this.form.dataset.base, files, removed, event, choice: document.getElementById("event-choice").value };
  }

  restore(draft) {
    if (!draft) return;
    for (const [path, text] of Object.entries(draft.files ?? {})) {
      const tab = this.files.tabOf(path);
      if (tab && this.files.editorOf(tab)) this.files.editorOf(tab).value = text;
      else if (!tab) this.files.add(path, text, false);
    }
    for (const path of draft.removed ?? []) {
      const tab = this.files.tabOf(path);
      if (!tab) continue;
      this.files.show(tab);
      this.files.delete();
    }
    const isAsked = new URLSearchParams(location.search).has("event"); // an invocation's, to test with again
    if (draft.event !== undefined && !isAsked) {
      this.event.value = draft.event;
      document.getElementById("event-choice").value = draft.choice ?? "";
    }
    // Typed over an older version: saving will show both.
    if (this.isDirty()) document.getElementById("base").value = draft.base;
    this.files.show(this.files.all()[0]);
    document.getElementById("draft-note").hidden = !this.isDirty();
    this.showState();
    this.draft.now(() => this.unsaved());
  }

  dropDraft() {
    this.draft.now(() => null);
    this.leaving = true;
    this.unsaved = () => null;
    location.reload();
  }

  // -- asking and answers --------------------------------------------------------------------------

  isOurs(event) {
    return event.target === this.form || event.target.dataset?.press !== undefined;
  }

  press(name) {
    this.form.querySelector(`[data-press="${name}"]`).click();
  }

  onKey(event) {
    if (event.defaultPrevented || !(event.ctrlKey || event.metaKey)) return;
    const name = { Enter: "test", s: "save" }[event.key];
    if (!name || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.press(name);
  }

  onAsk(event) {
    this.draft.now(() => this.unsaved());
    this.pressed = event.target.dataset.press ?? "test";
    // In one column the result is out of sight: go there with its first sign.
    this.comesToResult = event.target === this.form && matchMedia("(max-width: 1099px)").matches;
    this.asked = this.files.texts();
    for (const editor of this.form.querySelectorAll("code-editor")) editor.mark(0);
  }

  onAnswer() {
    if (this.comesToResult) {
      const result = document.getElementById("result");
      result.scrollIntoView({ block: "start" });
      this.comesToResult = !result.querySelector(".result-bar:is(.ok, .bad)");
    }
    this.offerBoth();
    const base = document.getElementById("base")?.value;
    const state = document.getElementById("save-state");
    if (this.asked && base && state?.dataset.answered) {
      this.form.dataset.base = base;
      delete state.dataset.answered;
      this.accept();
    }
    this.showState();
    this.markError();
  }

  accept() {
    this.saved = new Map([...this.asked].filter(([, text]) => text !== null));
    this.settleBinaries();
    for (const input of this.files.removed()) if (!this.saved.has(input.value)) input.remove();
    document.getElementById("draft-note").hidden = true;
    this.draft.now(() => this.unsaved());
  }

  settleBinaries() {
    for (const [path, text] of this.asked) {
      const tab = text === null && this.files.tabOf(path);
      if (tab) this.files.panelOf(tab).querySelector("input")?.remove();
    }
  }

  /** The result says where the error is; mark it once, in the file it is in. */
  markError() {
    const place = document.querySelector("#result [data-line]:not([data-marked])");
    if (!place) return;
    place.dataset.marked = "";
    const tab = this.files.tabOf(place.dataset.path);
    if (!tab) return;
    this.files.show(tab);
    this.files.editorOf(tab)?.mark(Number(place.dataset.line));
  }

  onClick(event) {
    const choice = event.target.closest("[data-conflict]");
    if (choice) return this.settle(choice.dataset.conflict);
    const edit = event.target.closest("[data-edit]");
    if (edit) return this.edit(edit.dataset);
    const link = event.target.closest("[data-goto]");
    if (!link) return;
    event.preventDefault();
    const at = [Number(link.dataset.at), Number(link.dataset.column ?? 1)];
    if (link.dataset.goto === "event") this.event.goTo(...at);
    const tab = this.files.tabOf(link.dataset.goto);
    if (!tab) return;
    this.files.show(tab);
    this.files.editorOf(tab)?.goTo(...at);
  }

  /** A button of the result that mends a line; one change, undone with Ctrl+Z. */
  edit({ edit: path, at, text }) {
    const tab = this.files.tabOf(path);
    const editor = tab && this.files.editorOf(tab);
    if (!editor) return;
    this.files.show(tab);
    editor.setLine(Number(at), text);
    this.press("test");
  }

  // -- changed elsewhere ---------------------------------------------------------------------------

  offerBoth() {
    const dialog = document.querySelector("#conflict-slot dialog:not([open], [data-seen])");
    if (!dialog) return;
    dialog.dataset.seen = "";
    dialog.showModal();
  }

  settle(which) {
    const dialog = document.getElementById("conflict");
    const theirs = JSON.parse(document.getElementById("conflict-theirs").textContent);
    this.form.dataset.base = document.getElementById("base").value = dialog.dataset.base;
    this.saved = new Map(Object.entries(theirs).filter(([, text]) => text !== null));
    dialog.close();
    if (which === "mine") return this.press(this.pressed);
    for (const [path, text] of this.saved) {
      const tab = this.files.tabOf(path);
      if (tab && this.files.editorOf(tab)) this.files.editorOf(tab).value = text; // undone with Ctrl+Z
      else if (!tab) this.files.add(path, text, false);
    }
    this.onEdit();
  }

  // -- the event -----------------------------------------------------------------------------------

  async onEventChoice(select) {
    const { value: choice, dataset: { texts } } = select;
    const { signal } = this.gone;
    let text;
    try {
      const response = await fetch(`${texts}?choice=${encodeURIComponent(choice)}`, { signal });
      if (!response.ok || response.redirected) throw new Error(response.status);
      text = await response.text();
    } catch {
      if (select.value === choice) this.chosen = null;
      if (!signal.aborted) this.say(this.strings.unreachable, "bad");
      return false;
    }
    if (select.value !== choice) return false; // another one was chosen since
    this.chosen = null;
    this.savedEvent = text;
    this.event.value = text; // undone with Ctrl+Z
    return true;
  }

  /** Who chooses an event and presses Test at once means that event, also where its text is still on its way. */
  waitForEvent(event) {
    if (!this.chosen || event.submitter?.dataset.press === "save") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.chosen.then((hasCome) => { if (hasCome) this.press("test"); });
  }

  /** A problem in words under its editor, first the first: not everyone sees a squiggle. */
  onChecked(event) {
    const editor = event.target;
    const isEvent = editor.id === "event-editor";
    if (!isEvent && editor.closest(".file")?.hidden) return;
    this.showProblem(document.getElementById(isEvent ? "event-problem" : "code-problem"), editor, event.detail.problems);
  }

  showProblem(line, editor, problems, index = 0) {
    const problem = problems[index];
    line.hidden = !problem;
    if (!problem) return;
    line.classList.toggle("warning", problem.severity !== "error");
    line.querySelector("[data-slot=text]").replaceChildren(...inWords(problem.message));
    const more = line.querySelector("[data-slot=more]");
    more.hidden = problems.length < 2;
    more.querySelector("[data-slot=count]").textContent = `${index + 1}/${problems.length}`;
    more.onclick = () => this.showProblem(line, editor, problems, (index + 1) % problems.length);
    const link = line.querySelector("[data-goto]");
    link.dataset.goto = editor.id === "event-editor" ? "event" : editor.dataset.path;
    link.dataset.at = problem.line;
    link.dataset.column = problem.column;
    link.querySelector("[data-slot=line]").textContent = problem.line;
    const fix = line.querySelector("[data-slot=fix]");
    fix.hidden = !problem.fix;
    fix.textContent = problem.fix?.label ?? "";
    fix.onclick = () => { editor.value = problem.fix.text; editor.check(); };
  }
}

/** What stands between backticks is code. */
function inWords(text) {
  return text.split("`").map((part, place) => {
    if (place % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  });
}
