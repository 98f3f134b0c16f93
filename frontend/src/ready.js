// htmx reads the page in a timer that it sets when its script has run, which is before ours: a later timer comes after it.
export const htmxIsReady = new Promise((done) => setTimeout(done));

const HIDDEN_MS = 300; // a page that nobody looks at paints nothing

/** The code can be read and typed into as soon as the page is painted: what takes long to start must not come before. */
export function isPainted() {
  return new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, HIDDEN_MS);
  });
}
