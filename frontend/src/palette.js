// Ctrl+K: the server finds, this moves through what it found. A combobox with a listbox, as ARIA describes them.

import { htmxIsReady } from "./ready.js";

const mac = /Mac|iPhone|iPad/.test(navigator.platform);

function options() {
  return [...document.querySelectorAll("#palette-list [role=option]")];
}

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", other === option);
  const input = document.getElementById("palette-input");
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (all.length) choose(all[(at + by + all.length) % all.length]);
}

function press(option) {
  const target = option.dataset.clicks && document.querySelector(option.dataset.clicks);
  if (!option.dataset.clicks) return false;
  document.getElementById("palette").close();
  target?.click();
  return true;
}

export function openPalette() {
  const dialog = document.getElementById("palette");
  if (!dialog || dialog.open) return;
  const input = document.getElementById("palette-input");
  dialog.showModal();
  input.value = "";
  input.focus();
  htmxIsReady.then(() => input.dispatchEvent(new Event("palette-open")));
}

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key.toLowerCase() === "k" && (mac ? event.metaKey : event.ctrlKey) && !event.shiftKey && !event.altKey) {
      if (!document.getElementById("palette")) return;
      event.preventDefault();
      event.stopPropagation();
      openPalette();
    } else if (event.target.id === "palette-input") {
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in steps) move(steps[event.key]);
      else if (event.key === "Enter") options().find((option) => option.getAttribute("aria-selected") === "true")?.click();
      else return;
      event.preventDefault();
    }
  },
  true,
);

document.addEventListener("click", (event) => {
  const option = event.target.closest?.("#palette-list [role=option]");
  if (option && press(option)) event.preventDefault();
  else if (option) document.getElementById("palette").close();
});

document.addEventListener("htmx:after:swap", () => {
  if (document.getElementById("palette")?.open) choose(options().find((one) => one.getAttribute("aria-selected") === "true") ?? options()[0]);
});
