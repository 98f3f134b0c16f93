// Completion without a language server: the keys of the selected test event, the context's attributes, words of the file.
import { completeAnyWord } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";

const CONTEXT = [
  ["function_name", "str"], ["function_version", "str"], ["invoked_function_arn", "str"], ["memory_limit_in_mb", "int"],
  ["aws_request_id", "str"], ["log_group_name", "str"], ["log_stream_name", "str"], ["get_remaining_time_in_millis()", "int"],
  ["identity", ""], ["client_context", ""],
].map(([label, detail]) => ({ label, detail, type: "property" }));

const NODE_CONTEXT = [
  ["functionName", "string"], ["functionVersion", "string"], ["invokedFunctionArn", "string"], ["memoryLimitInMB", "string"],
  ["awsRequestId", "string"], ["logGroupName", "string"], ["logStreamName", "string"], ["getRemainingTimeInMillis()", "number"],
  ["identity", ""], ["clientContext", ""],
].map(([label, detail]) => ({ label, detail, type: "property" }));

export async function complete(context, editor) {
  const { path = "" } = editor.dataset;
  const isPython = path.endsWith(".py");
  if (!isPython && !/\.(m|c)?js$/.test(path)) return path.endsWith(".json") ? null : completeAnyWord(context);
  const attribute = context.matchBefore(/\bcontext\.\w*/);
  if (attribute) return { from: attribute.from + "context.".length, options: isPython ? CONTEXT : NODE_CONTEXT, validFor: /^\w*$/ };
  return eventKeys(context) ?? (isPython ? await boto3(context) : eventProperties(context)) ?? words(context);
}

const MAKES_CLIENT = /(\w+)\s*=\s*boto3\.client\(\s*["']([\w-]+)["']/g;

/** Names of services in `boto3.client("`, methods of the clients that the file makes. */
async function boto3(context) {
  const service = context.matchBefore(/\bboto3\.client\(\s*["'][\w-]*/);
  const method = context.matchBefore(/\b\w+\.\w*/);
  if (!service && !method) return null;
  const { default: services } = await import("./boto3.json");
  const option = (type) => (label) => ({ label, type });
  if (service) {
    const from = context.pos - /[\w-]*$/.exec(service.text)[0].length;
    return { from, options: Object.keys(services).map(option("namespace")), validFor: /^[\w-]*$/ };
  }
  const [name, typed] = method.text.split(".");
  const clients = new Map([...context.state.doc.toString().matchAll(MAKES_CLIENT)].map(([, client, of]) => [client, of]));
  const methods = services[clients.get(name)];
  if (!methods) return null;
  return { from: context.pos - typed.length, options: methods.map(option("method")), validFor: /^\w*$/ };
}

function words(context) {
  const node = syntaxTree(context.state).resolveInner(context.pos, -1);
  if (/String|Comment/.test(node.name) && !context.explicit) return null;
  return completeAnyWord(context);
}

const INTO_EVENT = /\bevent((?:\[(?:"[^"]*"|'[^']*'|\d+)\])*)(?:\[|\.get\()(["'])([^"']*)$/;

const EVENT_PATH = /\bevent((?:\??\.\w+|\[\d+\])*)\??\.(\w*)$/;

/** In JavaScript the event's keys come after a dot. */
function eventProperties(context) {
  const line = context.state.doc.lineAt(context.pos);
  const match = EVENT_PATH.exec(line.text.slice(0, context.pos - line.from));
  if (!match) return null;
  let value = testEvent();
  for (const [, name, index] of match[1].matchAll(/\.(\w+)|\[(\d+)\]/g)) value = value?.[index ?? name];
  return keysOf(value, context.pos - match[2].length, /^\w*$/);
}

function testEvent() {
  try {
    return JSON.parse(document.querySelector("#event-editor")?.value ?? "null");
  } catch {
    return undefined; // the event itself is being edited
  }
}

function keysOf(value, from, validFor) {
  if (!value || typeof value !== "object" || Array.isArray(value)) return null;
  const options = Object.entries(value).map(([label, of]) => ({ label, type: "property", detail: kind(of) }));
  return { from, options, validFor };
}

function eventKeys(context) {
  const line = context.state.doc.lineAt(context.pos);
  const match = INTO_EVENT.exec(line.text.slice(0, context.pos - line.from));
  if (!match) return null;
  let value = testEvent();
  for (const [, string1, string2, index] of match[1].matchAll(/\[(?:"([^"]*)"|'([^']*)'|(\d+))\]/g)) {
    value = value?.[index !== undefined ? Number(index) : (string1 ?? string2)];
  }
  return keysOf(value, context.pos - match[3].length, /^[^"']*$/);
}

function kind(value) {
  if (value === null) return "None";
  if (Array.isArray(value)) return "list";
  return { string: "str", number: "number", boolean: "bool", object: "dict" }[typeof value];
}
