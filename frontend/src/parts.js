// From tab to tab of the same function only <main> is fetched and replaced: htmx boosts the links of the tabs
// (templates/partials/_part.html), and here is what a page does besides when it comes and goes.

const LOOKED_AT_MS = 65; // a pointer that rests on a link so long may be about to press it
const FRESH_MS = 4000;

/** `arrive()` is called for each page; `leave()` before it goes, and answers whether nothing would be lost by it. */
export function goByParts(arrive, leave) {
  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.request.method !== "GET") early.clear(); // what was fetched may be different now
    if (!isPart(ctx)) return;
    if (!leave(false)) return goWhole(event); // so that the browser asks
    const response = take(ctx.request.action);
    if (response) ctx.fetch = () => response;
  });
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (!isPart(ctx)) return;
    if (ctx.text.includes('<main id="main"')) leave(true);
    else goWhole(event); // not a page of this kind: the browser shows it by itself
  });
  document.addEventListener("htmx:after:process", ({ target }) => {
    if (target.id !== "main") return;
    if (target.getBoundingClientRect().top < 0) scrollTo(0, 0);
    arrive();
  });
  document.addEventListener("pointerdown", ({ target }) => fetchEarly(linkOf(target)));
  document.addEventListener("pointerover", ({ target }) => look(linkOf(target)));
  document.addEventListener("focusin", ({ target }) => look(linkOf(target)));
  arrive();
}

function isPart(ctx) {
  return ctx.target?.id === "main";
}

function goWhole(event) {
  event.preventDefault();
  location.href = event.detail.ctx.request.action;
}

// -- a link that is looked at is fetched before it is pressed -------------------------------------

const early = new Map();
let looking;

function linkOf(element) {
  const link = element.closest?.("a");
  return link?.closest(".tabs, .side-tabs")?.hasAttribute("hx-boost:inherited") ? link : null;
}

function look(link) {
  clearTimeout(looking);
  if (link) looking = setTimeout(() => fetchEarly(link), LOOKED_AT_MS);
}

function fetchEarly(link) {
  if (!link || early.get(pathOf(link.href))?.until > Date.now()) return;
  const headers = { "HX-Request": "true", "HX-Boosted": "true", "HX-Target": "main#main", Accept: "text/html" };
  const response = fetch(link.href, { headers });
  response.catch(() => early.delete(pathOf(link.href))); // pressing it says so
  early.set(pathOf(link.href), { response, until: Date.now() + FRESH_MS });
}

function take(action) {
  const found = early.get(pathOf(action));
  early.clear(); // what else was looked at is of the page that goes
  return found?.until > Date.now() ? found.response : null;
}

function pathOf(url) {
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
}
