// Editors of names and values: the meter of their size, and a .env file pasted into one of their fields.

/** Bytes as AWS counts them: the variables as compact JSON. */
function measured(rows) {
  const found = {};
  for (const row of rows.querySelectorAll("[data-row]")) {
    const [name, value] = row.querySelectorAll("input");
    if (name.value.trim()) found[name.value.trim()] = value.value;
  }
  return Object.keys(found).length ? new TextEncoder().encode(JSON.stringify(found)).length : 0;
}

export function measure() {
  const meter = document.querySelector("meter[data-measures]");
  const rows = meter && document.getElementById(meter.dataset.measures);
  if (!rows) return;
  const used = measured(rows);
  meter.value = used;
  const shown = document.getElementById("env-used");
  shown.textContent = used;
  shown.classList.toggle("over", used > meter.max);
}

document.addEventListener("input", (event) => {
  if (event.target.closest("[data-row]")) measure();
});

document.addEventListener("paste", (event) => {
  const rows = event.target.closest?.("[data-pastes]");
  const text = event.clipboardData?.getData("text") ?? "";
  if (!rows || !/\n/.test(text.trim()) || !/^[^\n]*[=:]/m.test(text)) return;
  event.preventDefault();
  document.getElementById(rows.dataset.pastes).value = text;
  document.getElementById(`${rows.dataset.pastes}-take`).click();
});
