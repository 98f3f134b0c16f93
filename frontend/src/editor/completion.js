// Completion without a language server: the keys of the selected test event, the context's attributes, words of the file.
import { completeAnyWord } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";

const CONTEXT = [
  ["function_name", "str"], ["function_version", "str"], ["invoked_function_arn", "str"], ["memory_limit_in_mb", "int"],
  ["aws_request_id", "str"], ["log_group_name", "str"], ["log_stream_name", "str"], ["get_remaining_time_in_millis()", "int"],
  ["identity", ""], ["client_context", ""],
].map(([label, detail]) => ({ label, detail, type: "property" }));

export function complete(context, editor) {
  const { path = "" } = editor.dataset;
  if (!path.endsWith(".py")) return path.endsWith(".json") ? null : completeAnyWord(context);
  const attribute = context.matchBefore(/\bcontext\.\w*/);
  if (attribute) return { from: attribute.from + "context.".length, options: CONTEXT, validFor: /^\w*$/ };
  return eventKeys(context) ?? words(context);
}

function words(context) {
  const node = syntaxTree(context.state).resolveInner(context.pos, -1);
  if (/String|Comment/.test(node.name) && !context.explicit) return null;
  return completeAnyWord(context);
}

const INTO_EVENT = /\bevent((?:\[(?:"[^"]*"|'[^']*'|\d+)\])*)(?:\[|\.get\()(["'])([^"']*)$/;

function eventKeys(context) {
  const line = context.state.doc.lineAt(context.pos);
  const match = INTO_EVENT.exec(line.text.slice(0, context.pos - line.from));
  if (!match) return null;
  let value;
  try {
    value = JSON.parse(document.querySelector("#event-editor")?.value ?? "null");
  } catch {
    return null; // the event itself is being edited
  }
  for (const [, string1, string2, index] of match[1].matchAll(/\[(?:"([^"]*)"|'([^']*)'|(\d+))\]/g)) {
    value = value?.[index !== undefined ? Number(index) : (string1 ?? string2)];
  }
  if (!value || typeof value !== "object" || Array.isArray(value)) return null;
  const options = Object.entries(value).map(([label, of]) => ({ label, type: "property", detail: kind(of) }));
  return { from: context.pos - match[3].length, options, validFor: /^[^"']*$/ };
}

function kind(value) {
  if (value === null) return "None";
  if (Array.isArray(value)) return "list";
  return { string: "str", number: "number", boolean: "bool", object: "dict" }[typeof value];
}
