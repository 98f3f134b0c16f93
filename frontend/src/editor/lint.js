// The checks run on the server: it gives [{line, column, endLine, endColumn, message, severity, fix?: {label, text}}].
// `fix.text` is the whole text with the problem put right.
export async function diagnose(view, editor) {
  const { doc } = view.state;
  const body = new FormData();
  body.set("path", editor.dataset.path);
  body.set("text", doc.toString());
  const headers = { "X-CSRFToken": document.body.dataset.csrf };
  let problems;
  try {
    const response = await fetch(editor.dataset.lint, { method: "POST", body, headers });
    if (!response.ok) return [];
    problems = (await response.json()).problems;
  } catch {
    return []; // the server is away; running will say so
  }
  if (!editor.isConnected || view.state.doc !== doc) return []; // its page was left, or it was typed into since
  const at = (line, column) => {
    const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
    return Math.min(found.from + Math.max(column - 1, 0), found.to);
  };
  const diagnostics = problems.map((problem) => {
    const from = at(problem.line, problem.column);
    const to = Math.max(at(problem.endLine, problem.endColumn), from);
    return {
      from,
      to,
      severity: problem.severity,
      message: problem.message,
      actions: problem.fix?.text !== undefined ? [{ name: problem.fix.label, apply: () => { editor.value = problem.fix.text; } }] : [],
    };
  });
  editor.dispatchEvent(new CustomEvent("checked", { bubbles: true, detail: { problems } }));
  return diagnostics;
}
