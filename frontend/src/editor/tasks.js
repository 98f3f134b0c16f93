/** What takes long is done in parts: a telephone listens to whoever touches it in between. */
export const nextTask = () => new Promise((done) => setTimeout(done));
