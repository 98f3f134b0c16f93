// What is typed and not saved yet is kept in this browser, for each function: a reload, the Back button, a lost
// connection or a session that ended takes nothing.

const DELAY_MS = 300;

export class Draft {
  constructor(path) {
    this.key = `draft:${path}`;
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null; // no storage, or not ours
    }
  }

  /** Keep `read()` of the page soon, or forget it when it gives nothing. */
  later(read) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(read), DELAY_MS);
  }

  now(read) {
    clearTimeout(this.timer);
    const draft = read();
    try {
      if (draft) localStorage.setItem(this.key, JSON.stringify(draft));
      else localStorage.removeItem(this.key);
      return true;
    } catch {
      return false; // full or forbidden: the page warns before it is left
    }
  }
}
