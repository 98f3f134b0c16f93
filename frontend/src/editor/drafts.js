// What is typed and not saved yet is kept in this browser, for each function and tab: a reload, the Back button, a lost
// connection or a session that ended takes nothing, and neither does another tab. What a closed tab left is found again.

const DELAY_MS = 300;
const ANSWER_MS = 200; // within which another open tab says that it is there

function anyId() {
  return Math.random().toString(36).slice(2);
}

/** This tab's own, which a reload keeps. */
function tabId(isNew = false) {
  try {
    const id = (!isNew && sessionStorage.getItem("tab")) || anyId();
    sessionStorage.setItem("tab", id);
    return id;
  } catch {
    return anyId(); // no storage
  }
}

export class Draft {
  constructor(path) {
    this.prefix = `draft:${path}#`;
    this.tab = tabId();
    this.channel = new BroadcastChannel("drafts");
    this.channel.addEventListener("message", ({ data }) => {
      if (data.whoHas === this.prefix) this.channel.postMessage({ has: this.prefix, tab: this.tab });
    });
  }

  get key() {
    return this.prefix + this.tab;
  }

  read(key = this.key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null; // no storage, or not ours
    }
  }

  /** The newest draft of a tab that is no longer open, now this tab's own; null where there is none or `isFree()` is not. */
  async left(isFree) {
    const open = await this.openTabs();
    if (open.has(this.tab)) this.tab = tabId(true); // a tab that was duplicated has its number, too
    let keys = [];
    try {
      keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    } catch {
      return null; // no storage
    }
    const found = keys.filter((key) => key !== this.key && !open.has(key.slice(this.prefix.length)));
    const [newest] = found.sort((one, other) => (this.read(other)?.at ?? 0) - (this.read(one)?.at ?? 0));
    if (!newest || !isFree()) return null;
    const draft = this.read(newest);
    localStorage.removeItem(newest);
    return draft;
  }

  openTabs() {
    const found = new Set();
    const hear = ({ data }) => { if (data.has === this.prefix) found.add(data.tab); };
    this.channel.addEventListener("message", hear);
    this.channel.postMessage({ whoHas: this.prefix });
    return new Promise((done) => setTimeout(() => {
      this.channel.removeEventListener("message", hear);
      done(found);
    }, ANSWER_MS));
  }

  /** Keep `read()` of the page soon, or forget it when it gives nothing. */
  later(read) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(read), DELAY_MS);
  }

  /** Nothing is kept from here on, and other tabs may have what is. */
  close() {
    clearTimeout(this.timer);
    this.channel.close();
  }

  now(read) {
    clearTimeout(this.timer);
    const draft = read();
    try {
      if (draft) localStorage.setItem(this.key, JSON.stringify({ ...draft, at: Date.now() }));
      else localStorage.removeItem(this.key);
      return true;
    } catch {
      return false; // full or forbidden: the page warns before it is left
    }
  }
}
