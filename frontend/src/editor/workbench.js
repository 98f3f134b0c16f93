// The function page: file tabs, the unsaved marker, and the keys that save and run.

export class Workbench {
  constructor(form, strings, say) {
    Object.assign(this, { form, strings, say });
    this.tabs = form.querySelector("[role=tablist]");
    this.files = form.querySelector(".files");
    this.saved = this.snapshot();
    this.listen();
    this.show(this.tabs.querySelector("[aria-selected=true]"));
  }

  listen() {
    this.tabs.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) this.show(tab);
    });
    this.tabs.addEventListener("keydown", (event) => this.onTabKey(event));
    this.form.addEventListener("edit", () => this.showState());
    this.form.addEventListener("checked", (event) => this.onChecked(event));
    document.addEventListener("workbench-run", () => this.press("test"));
    document.addEventListener("workbench-save", () => this.press("save"));
    document.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("click", (event) => this.onClick(event));
    document.addEventListener("submit", (event) => this.onDialog(event));
    document.addEventListener("htmx:before:request", (event) => { if (this.isOurs(event)) this.onAsk(event); });
    document.addEventListener("htmx:after:swap", (event) => this.onAnswer(event));
    document.addEventListener("test-again", () => this.press("test"));
    document.getElementById("event-choice")?.addEventListener("change", (event) => this.onEventChoice(event));
    window.addEventListener("beforeunload", (event) => { if (this.isDirty() && !this.leaving) event.preventDefault(); });
    // A form that is sent the plain way leaves the page on purpose.
    document.addEventListener("submit", (event) => { if (event.target.dataset.leaves !== undefined) this.leaving = true; });
  }

  // -- files ---------------------------------------------------------------------------------------

  show(tab) {
    if (!tab) return;
    for (const other of this.tabs.querySelectorAll("[role=tab]")) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", chosen);
      other.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(other.getAttribute("aria-controls"));
      panel.hidden = !chosen;
      if (!chosen) continue;
      document.getElementById("code-problem").hidden = true;
      panel.querySelector("code-editor")?.make?.();
      panel.querySelector("code-editor")?.check?.();
    }
    this.current = tab;
  }

  onTabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...this.tabs.querySelectorAll("[role=tab]")];
    const next = tabs[(tabs.indexOf(this.current) + step + tabs.length) % tabs.length];
    this.show(next);
    next.focus();
  }

  panelOf(tab) {
    return document.getElementById(tab.getAttribute("aria-controls"));
  }

  tabOf(path) {
    return [...this.tabs.querySelectorAll("[role=tab]")].find((tab) => tab.dataset.path === path);
  }

  onDialog(event) {
    const { file } = event.target.dataset;
    if (!file) return;
    event.preventDefault();
    const name = event.target.elements.name?.value.trim().replace(/^\/+/, "");
    if (file !== "delete" && this.tabOf(name)) return this.say(this.strings.fileExists, "bad");
    this[`${file}File`](name);
    event.target.closest("dialog").close();
    event.target.reset();
    this.showState();
  }

  addFile(name, text = "") {
    const template = document.getElementById("file-template");
    const id = `file-new-${(this.added = (this.added ?? 0) + 1)}`; // crypto.randomUUID needs https
    const [tab, panel] = [...template.content.cloneNode(true).children];
    tab.id = `tab-${id}`;
    panel.id = id;
    tab.setAttribute("aria-controls", id);
    panel.setAttribute("aria-labelledby", tab.id);
    this.tabs.append(tab);
    this.files.append(panel);
    this.name(tab, name);
    panel.querySelector("code-editor").value = text;
    this.show(tab);
    panel.querySelector("code-editor").focus();
  }

  renameFile(name) {
    this.remove(this.current.dataset.path);
    const text = this.panelOf(this.current).querySelector("code-editor").value;
    this.panelOf(this.current).remove();
    const old = this.current;
    this.addFile(name, text);
    old.remove();
  }

  deleteFile() {
    this.remove(this.current.dataset.path);
    const next = this.current.previousElementSibling ?? this.current.nextElementSibling;
    this.panelOf(this.current).remove();
    this.current.remove();
    if (next) this.show(next);
  }

  name(tab, name) {
    tab.dataset.path = name;
    tab.textContent = name;
    const editor = this.panelOf(tab).querySelector("code-editor");
    editor.dataset.path = name;
    editor.dataset.label = name;
    editor.querySelector("textarea").name = `file:${name}`;
    editor.querySelector("textarea").setAttribute("aria-label", name);
    for (const input of this.form.querySelectorAll('input[name="removed"]')) if (input.value === name) input.remove();
  }

  remove(path) {
    const input = Object.assign(document.createElement("input"), { type: "hidden", name: "removed", value: path });
    this.form.append(input);
  }

  // -- saved or not --------------------------------------------------------------------------------

  snapshot() {
    const files = new Map();
    for (const tab of this.tabs?.querySelectorAll("[role=tab]") ?? []) {
      const editor = this.panelOf(tab).querySelector("code-editor");
      if (editor) files.set(tab.dataset.path, editor.value ?? editor.querySelector("textarea").value);
    }
    return files;
  }

  isDirty() {
    const now = this.snapshot();
    return now.size !== this.saved.size || [...now].some(([path, text]) => this.saved.get(path) !== text);
  }

  showState() {
    const now = this.snapshot();
    for (const tab of this.tabs.querySelectorAll("[role=tab]")) {
      tab.toggleAttribute("data-dirty", now.has(tab.dataset.path) && this.saved.get(tab.dataset.path) !== now.get(tab.dataset.path));
    }
    const state = document.getElementById("save-state");
    const dirty = this.isDirty();
    state.classList.toggle("unsaved", dirty);
    state.querySelector("[data-saved]").hidden = dirty;
    state.querySelector("[data-unsaved]").hidden = !dirty;
  }

  // -- asking and answers --------------------------------------------------------------------------

  isOurs(event) {
    return event.target === this.form || event.target.dataset.press !== undefined;
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
    // In one column the result is out of sight: go there with its first sign.
    this.comesToResult = event.target === this.form && matchMedia("(max-width: 1099px)").matches;
    this.asked = this.snapshot();
    for (const editor of this.form.querySelectorAll("code-editor")) editor.mark(0);
  }

  onAnswer() {
    if (this.comesToResult) {
      const result = document.getElementById("result");
      result.scrollIntoView({ block: "start" });
      this.comesToResult = !result.querySelector(".result-bar:is(.ok, .bad)");
    }
    const base = document.getElementById("base")?.value;
    if (this.asked && base && this.form.dataset.base !== base) {
      this.form.dataset.base = base;
      this.accept();
    } else if (this.asked && document.getElementById("save-state")?.dataset.answered) {
      this.accept();
    }
    this.showState();
    this.markError();
  }

  accept() {
    this.saved = this.asked;
    for (const input of this.form.querySelectorAll('input[name="removed"]')) if (!this.saved.has(input.value)) input.remove();
  }

  /** The result says where the error is; mark it once, in the file it is in. */
  markError() {
    const place = document.querySelector("#result [data-line]:not([data-marked])");
    if (!place) return;
    place.dataset.marked = "";
    const tab = this.tabOf(place.dataset.path);
    if (!tab) return;
    this.show(tab);
    this.panelOf(tab).querySelector("code-editor")?.mark(Number(place.dataset.line));
  }

  onClick(event) {
    const link = event.target.closest("[data-goto]");
    if (!link) return;
    event.preventDefault();
    if (link.dataset.goto === "event") document.getElementById("event-editor").goTo(Number(link.dataset.at), Number(link.dataset.column ?? 1));
    const tab = this.tabOf(link.dataset.goto);
    if (!tab) return;
    this.show(tab);
    this.panelOf(tab).querySelector("code-editor").goTo(Number(link.dataset.at), Number(link.dataset.column ?? 1));
  }

  // -- the event -----------------------------------------------------------------------------------

  onEventChoice(event) {
    const [option] = event.target.selectedOptions;
    const source = document.getElementById("event-bodies");
    document.getElementById("event-editor").value = JSON.parse(source.textContent)[option.value] ?? "";
    document.getElementById("event-name").value = option.dataset.name ?? "";
    const remove = document.getElementById("event-delete");
    if (remove) remove.hidden = !option.dataset.name;
  }

  /** The first problem, in words, under its editor: not everyone sees a squiggle. */
  onChecked(event) {
    const editor = event.target;
    const isEvent = editor.id === "event-editor";
    if (!isEvent && editor.closest(".file")?.hidden) return;
    this.showProblem(document.getElementById(isEvent ? "event-problem" : "code-problem"), editor, event.detail.problems[0]);
  }

  showProblem(line, editor, problem) {
    line.hidden = !problem;
    if (!problem) return;
    line.classList.toggle("warning", problem.severity === "warning");
    line.querySelector("[data-slot=text]").textContent = problem.message;
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
