// htmx reads the page in a timer that it sets when its script has run, which is before ours: a later timer comes after it.
export const htmxIsReady = new Promise((done) => setTimeout(done));
