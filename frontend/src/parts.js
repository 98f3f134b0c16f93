// Where only <main> differs, only <main> is fetched and replaced: a link from tab to tab, from a list to what is in it, and
// back, whatever stays in the section that the sidebar marks. All that a page has loaded stays.

const LOOKED_AT_MS = 65; // a pointer that rests on a link so long may be about to press it
const FRESH_MS = 4000;
const PART = { "HX-Request": "true", "HX-Target": "main#main", Accept: "text/html" };
const LINK = "a[href]:not([target], [download], [hx-get])";

/**
 * `arrive()` is called for each page; `leave()` before it goes, and answers whether nothing would be lost by it; `expect()` is
 * given the answer that may be about to be shown; it reads a clone.
 */
export function goByParts({ arrive, leave, expect }) {
  addEventListener("click", (event) => {
    const link = !isForBrowser(event) && linkOf(event.target);
    if (!link || !window.htmx) return;
    event.preventDefault();
    go(link);
  });
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
    if (ctx.text.includes('<main id="main" class="main ')) leave(true);
    else goWhole(event); // not a page of this kind: the browser shows it by itself
  });
  document.addEventListener("htmx:after:process", ({ target }) => {
    if (target.id !== "main") return;
    if (target.getBoundingClientRect().top < 0) scrollTo(0, 0);
    arrive();
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => { if (isPart(ctx)) tell(ctx.title); });
  const look = lookFor(expect);
  document.addEventListener("pointerdown", ({ target }) => fetchEarly(linkOf(target), expect));
  document.addEventListener("pointerover", look);
  document.addEventListener("focusin", look);
  arrive();
}

function isForBrowser(event) {
  return event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
}

/** The link around `element` where it leads to another page of the same section, else null. */
function linkOf(element) {
  const link = element.closest?.(LINK);
  const section = document.querySelector(".sidebar [aria-current]");
  if (!link || !section || link.origin !== location.origin || link.closest("[hx-ignore]")) return null;
  if (link.getAttribute("href").startsWith("#")) return null; // a place on this page
  return link.pathname === section.pathname || link.pathname.startsWith(section.dataset.within) ? link : null;
}

function go(link) {
  link.setAttribute("hx-sync", "#main:replace"); // of several that are pressed, the last
  const isSame = link.href === location.href;
  const { pathname, search, hash } = link;
  htmx.ajax("GET", pathname + search, {
    source: link,
    target: "#main",
    swap: "outerHTML show:none",
    headers: PART,
    [isSame ? "replace" : "push"]: hash ? pathname + search + hash : "true",
  });
}

function isPart(ctx) {
  return ctx.target?.id === "main";
}

function goWhole(event) {
  const { ctx } = event.detail;
  event.preventDefault();
  location.href = ctx.sourceElement.href || ctx.request.action;
}

/** As a new document does: whoever listens hears its title, and Tab goes on from its beginning where the link is gone. */
function tell(title) {
  document.getElementById("arrived").textContent = title;
  if (document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });
}

// -- a link that is looked at is fetched before it is pressed -------------------------------------

const early = new Map();

function lookFor(expect) {
  let looking;
  return ({ target }) => {
    clearTimeout(looking);
    const link = linkOf(target);
    if (link) looking = setTimeout(() => fetchEarly(link, expect), LOOKED_AT_MS);
  };
}

function fetchEarly(link, expect) {
  if (!link || early.get(pathOf(link.href))?.until > Date.now()) return;
  const response = fetch(link.href, { headers: PART });
  early.set(pathOf(link.href), { response, until: Date.now() + FRESH_MS });
  response.then(expect).catch(() => early.delete(pathOf(link.href))); // pressing it says so
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
