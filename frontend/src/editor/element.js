import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { complete } from "./completion.js";
import { highlight } from "./highlight.js";
import { languageOf } from "./languages.js";
import { diagnose } from "./lint.js";
import { nextTask } from "./tasks.js";

const LINT_DELAY_MS = 350;

const markLine = StateEffect.define();
const markedLine = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    marks = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(markLine)) continue;
      const { line } = effect.value;
      const shown = line > 0 && line <= transaction.state.doc.lines;
      marks = shown
        ? Decoration.set([Decoration.line({ class: "cm-errorLine" }).range(transaction.state.doc.line(line).from)])
        : Decoration.none;
    }
    return marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Attributes: `data-path` (decides the language), `data-lint` (URL of the checks), `data-label`. */
export class CodeEditor extends HTMLElement {
  static strings = {};
  static hasCompany = false; // whatever listens to editors does
  static whenPainted = (act) => act(); // the page that the first editors are on has been painted before they come

  connectedCallback() {
    this.textarea = this.querySelector("textarea");
    CodeEditor.whenPainted(() => {
      if (this.dataset.later !== undefined) setTimeout(() => this.isConnected && this.make());
      else if (this.isConnected && this.isShown()) this.make();
    });
  }

  disconnectedCallback() {
    this.view?.destroy();
  }

  /** Only what is on screen gets an editor; the others stay textareas until their tab is opened. */
  isShown() {
    return !this.closest("[hidden]");
  }

  make() {
    if (this.view) return;
    const isFocused = document.activeElement === this.textarea; // somebody was quicker than this script
    const { value, selectionStart, selectionEnd, scrollTop } = this.textarea;
    this.view = new EditorView({ parent: this, state: this.newState(value, isFocused ? [selectionStart, selectionEnd] : [0, 0]) });
    this.toggleAttribute("data-ready", CodeEditor.hasCompany);
    if (isFocused) this.view.focus();
    this.view.scrollDOM.scrollTop = scrollTop;
    nextTask().then(() => languageOf(this.dataset.path)).then((language) => {
      if (language && this.isConnected) this.view.dispatch({ effects: StateEffect.appendConfig.of(language) });
    });
  }

  newState(doc, [anchor, head]) {
    const nonce = document.querySelector("script[nonce]")?.nonce ?? "";
    return EditorState.create({
      doc,
      selection: { anchor, head },
      extensions: [
        EditorView.cspNonce.of(nonce),
        EditorState.phrases.of(CodeEditor.strings.phrases ?? {}),
        lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), codeFolding(), foldGutter(),
        drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(), highlightSelectionMatches(),
        syntaxHighlighting(highlight),
        autocompletion({ override: [(context) => complete(context, this)] }),
        indentUnit.of(this.dataset.path?.endsWith(".py") ? "    " : "  "),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ tabindex: "0", "aria-label": this.dataset.label ?? "" }),
        markedLine,
        this.dataset.lint ? [linter((view) => diagnose(view, this), { delay: LINT_DELAY_MS }), lintGutter()] : [],
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          this.textarea.value = this.value; // what a form sends
          this.dispatchEvent(new Event("edit", { bubbles: true }));
        }),
        keymap.of([
          { key: "Mod-Enter", run: () => this.ask("run") },
          { key: "Mod-s", run: () => this.ask("save") },
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap,
          indentWithTab,
        ]),
      ],
    });
  }

  ask(what) {
    this.dispatchEvent(new CustomEvent(`workbench-${what}`, { bubbles: true }));
    return true;
  }

  get value() {
    return this.view ? this.view.state.doc.toString() : this.textarea.value;
  }

  set value(text) {
    if (this.view) this.change({ from: 0, to: this.view.state.doc.length, insert: text });
    else this.textarea.value = text;
  }

  setLine(number, text) {
    this.make();
    const { doc } = this.view.state;
    if (number < 1 || number > doc.lines) return;
    const { from, to } = doc.line(number);
    this.change({ from, to, insert: text });
  }

  /** One step to undo, however soon it comes after another. */
  change(changes) {
    this.view.dispatch({ changes, annotations: isolateHistory.of("full") });
  }

  mark(line) {
    this.view?.dispatch({ effects: markLine.of({ line }) });
  }

  goTo(line, column = 1) {
    this.make();
    const { doc } = this.view.state;
    const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const anchor = Math.min(found.from + column - 1, found.to);
    this.view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
    this.view.focus();
  }

  check() {
    if (this.view) forceLinting(this.view);
  }

  focus() {
    this.make();
    this.view.focus();
  }
}
