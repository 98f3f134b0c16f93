// The files of the package: a list at the side, one panel each; added, uploaded, renamed and deleted here, and sent
// with the next save or test.

const TEXT_MAX = 400_000; // bytes; a longer file was made by a program
const PACKAGE_MAX = 3 * 1024 * 1024; // AWS's limit for its own editor

export class Files {
  constructor(form, strings, say, onChange) {
    Object.assign(this, { form, strings, say, onChange });
    this.tabs = form.querySelector("[role=tablist]");
    this.panels = form.querySelector(".files");
    this.tabs.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) this.show(tab);
    });
    this.tabs.addEventListener("keydown", (event) => this.onKey(event));
    document.getElementById("file-upload")?.addEventListener("change", (event) => this.upload(event.target));
    this.onSubmit = (event) => this.onDialog(event);
    document.addEventListener("submit", this.onSubmit);
    this.arrange();
    this.show(this.tabs.querySelector("[aria-selected=true]"));
  }

  close() {
    document.removeEventListener("submit", this.onSubmit);
  }

  all() {
    return [...this.tabs.querySelectorAll("[role=tab]")];
  }

  panelOf(tab) {
    return document.getElementById(tab.getAttribute("aria-controls"));
  }

  editorOf(tab) {
    return this.panelOf(tab).querySelector("code-editor");
  }

  tabOf(path) {
    return this.all().find((tab) => tab.dataset.path === path);
  }

  show(tab) {
    if (!tab) return;
    for (const other of this.all()) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", chosen);
      other.tabIndex = chosen ? 0 : -1;
      const panel = this.panelOf(other);
      panel.hidden = !chosen;
      if (!chosen) continue;
      document.getElementById("code-problem").hidden = true;
      panel.querySelector("code-editor")?.make?.();
      panel.querySelector("code-editor")?.check?.();
    }
    this.current = tab;
  }

  onKey(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const tabs = this.all();
    const next = tabs[(tabs.indexOf(this.current) + step + tabs.length) % tabs.length];
    this.show(next);
    next.focus();
  }

  /** The handler's file first, then those beside it, then folder by folder, each under its name. */
  arrange() {
    const [first, ...others] = this.all();
    const depth = (tab) => (tab.dataset.path.includes("/") ? 1 : 0);
    others.sort((one, other) => depth(one) - depth(other) || (one.dataset.path < other.dataset.path ? -1 : 1));
    let folder = "";
    for (const tab of first ? [first, ...others] : []) {
      const path = tab.dataset.path;
      const at = path.lastIndexOf("/") + 1;
      tab.textContent = path.slice(at);
      tab.title = path;
      tab.toggleAttribute("data-inside", at > 0);
      if (at && path.slice(0, at) !== folder) tab.dataset.folder = path.slice(0, at);
      else delete tab.dataset.folder;
      folder = path.slice(0, at);
      this.tabs.append(tab);
    }
  }

  onDialog(event) {
    const { file } = event.target.dataset;
    if (!file) return;
    event.preventDefault();
    const name = event.target.elements.name?.value.trim().replace(/^\/+/, "");
    if (file !== "delete" && this.tabOf(name)) return this.say(this.strings.fileExists, "bad");
    if (file === "add") this.add(name);
    else if (file === "rename") this.rename(name);
    else this.delete();
    event.target.closest("dialog").close();
    event.target.reset();
    this.onChange();
  }

  add(name, text = "", shown = true) {
    const [tab, panel] = this.place(name);
    panel.querySelector("textarea").name = `file:${name}`;
    panel.querySelector("textarea").setAttribute("aria-label", name);
    Object.assign(panel.querySelector("code-editor").dataset, { path: name, label: name });
    this.tabs.append(tab);
    this.panels.append(panel);
    panel.querySelector("code-editor").value = text;
    this.isBack(name);
    this.arrange();
    if (!shown) return;
    this.show(tab);
    panel.querySelector("code-editor").focus();
  }

  addBinary(name, base64, size) {
    const [tab, panel] = this.place(name);
    const input = Object.assign(document.createElement("input"), { type: "hidden", name: `binary:${name}`, value: base64 });
    const words = Object.assign(document.createElement("p"), { className: "binary", textContent: this.strings.binary.replace("{path}", name).replace("{size}", size) });
    panel.replaceChildren(words, input);
    this.tabs.append(tab);
    this.panels.append(panel);
    this.isBack(name);
    this.arrange();
    this.show(tab);
  }

  place(name) {
    const template = document.getElementById("file-template");
    const id = `file-new-${(this.added = (this.added ?? 0) + 1)}`; // crypto.randomUUID needs https
    const [tab, panel] = [...template.content.cloneNode(true).children];
    Object.assign(tab, { id: `tab-${id}` });
    tab.dataset.path = name;
    panel.id = id;
    tab.setAttribute("aria-controls", id);
    panel.setAttribute("aria-labelledby", tab.id);
    return [tab, panel];
  }

  rename(name) {
    const old = this.current;
    const editor = this.editorOf(old);
    const binary = this.panelOf(old).querySelector("input[name^='binary:']");
    if (!editor && !binary) return this.say(this.strings.notText, "bad");
    this.gone(old.dataset.path);
    this.panelOf(old).remove();
    old.remove();
    if (editor) this.add(name, editor.value);
    else this.addBinary(name, binary.value, "");
  }

  delete() {
    const old = this.current;
    this.gone(old.dataset.path);
    const next = old.previousElementSibling ?? old.nextElementSibling;
    this.panelOf(old).remove();
    old.remove();
    this.arrange();
    if (next) this.show(next);
  }

  gone(path) {
    this.form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "removed", value: path }));
  }

  isBack(path) {
    for (const input of this.removed()) if (input.value === path) input.remove();
  }

  removed() {
    return [...this.form.querySelectorAll('input[name="removed"]')];
  }

  async upload(input) {
    for (const file of input.files) {
      if (file.size > PACKAGE_MAX) {
        this.say(this.strings.tooLarge.replace("{name}", file.name), "bad");
        continue;
      }
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (!this.form.isConnected) return; // its page was left
      const old = this.tabOf(file.name);
      const text = bytes.length <= TEXT_MAX ? asText(bytes) : null;
      if (text !== null && old && this.editorOf(old)) {
        this.editorOf(old).value = text; // undone with Ctrl+Z
        this.show(old);
        continue;
      }
      if (old) {
        this.panelOf(old).remove();
        old.remove();
      }
      if (text !== null) this.add(file.name, text);
      else this.addBinary(file.name, asBase64(bytes), `${Math.ceil(bytes.length / 1000)} kB`);
    }
    input.value = "";
    this.onChange();
  }

  /** As the server gave them: somebody may have typed before this script came. */
  given() {
    const given = ([path, text]) => [path, text === null ? null : this.editorOf(this.tabOf(path)).textarea.defaultValue];
    return new Map([...this.texts()].map(given));
  }

  texts() {
    const found = new Map();
    for (const tab of this.all()) {
      const editor = this.editorOf(tab);
      if (editor) found.set(tab.dataset.path, editor.value ?? editor.querySelector("textarea").value);
      else if (this.panelOf(tab).querySelector("input[name^='binary:']")) found.set(tab.dataset.path, null);
    }
    return found;
  }
}

function asText(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

function asBase64(bytes) {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(text);
}
