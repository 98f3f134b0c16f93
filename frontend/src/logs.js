// A log that grows while one looks at it: follow its end, and keep the page light.
const LINES_KEPT = 2000;

export function cap(log) {
  if (!log) return;
  const scroller = log.closest(".scroll");
  let lines = log.querySelectorAll(".l").length;
  let dropped = 0;
  while (lines > LINES_KEPT && log.firstElementChild !== log.lastElementChild) {
    const gone = log.firstElementChild.querySelectorAll(".l").length;
    log.firstElementChild.remove();
    lines -= gone;
    dropped += gone;
  }
  if (dropped) document.getElementById("log-earlier")?.removeAttribute("hidden");
  scroller.scrollTop = scroller.scrollHeight;
}
