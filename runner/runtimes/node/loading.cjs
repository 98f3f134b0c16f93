// Finding the handler: "index.handler", "src/app.nested.handler"; CommonJS and ES modules.
"use strict";

const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const { Fault } = require("./errors.cjs");

const PATTERN = /^([^.]*)\.(.*)$/;

async function load(taskRoot, handler) {
  if (handler.includes("..")) {
    throw new Fault("Runtime.MalformedHandlerName", `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const name = path.basename(handler);
  const folder = handler.substring(0, handler.indexOf(name));
  const match = name.match(PATTERN);
  if (!match || match.length !== 3) throw new Fault("Runtime.MalformedHandlerName", "Bad handler");
  const [, file, member] = match;
  const module = await loadModule(path.resolve(taskRoot, folder, file), handler, path.join(folder, file));
  const found = member.split(".").reduce((value, key) => value && value[key], module);
  if (!found) throw new Fault("Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  if (typeof found !== "function") throw new Fault("Runtime.HandlerNotFound", `${handler} is not a function`);
  return found;
}

async function loadModule(base, handler, name) {
  try {
    for (const extension of ["", ".js", ".mjs", ".cjs"]) {
      const file = base + extension;
      if (!fs.existsSync(file) || !fs.statSync(file).isFile()) continue;
      if (extension === ".mjs" || (extension === ".js" && isModule(path.dirname(file)))) {
        return withDefault(await import(pathToFileURL(file)));
      }
      return await required(file);
    }
    return require(require.resolve(base));
  } catch (error) {
    if (error instanceof SyntaxError) throw named("Runtime.UserCodeSyntaxError", error);
    if (error && (error.code === "MODULE_NOT_FOUND" || error.code === "ERR_MODULE_NOT_FOUND")) {
      if (String(error.message).includes(`'${base}'`)) error.message = `Cannot find module '${name}'`;
      throw named("Runtime.ImportModuleError", error);
    }
    throw error;
  }
}

// Newer Node.js reads ES modules by require as well; an older one says so, and they are imported then.
async function required(file) {
  try {
    return require(file);
  } catch (error) {
    if (error && error.code === "ERR_REQUIRE_ESM") return withDefault(await import(pathToFileURL(file)));
    throw error;
  }
}

function withDefault(module) {
  return module.default && typeof module.default === "object" ? { ...module.default, ...module } : module;
}

function isModule(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    const description = path.join(at, "package.json");
    if (fs.existsSync(description)) {
      try {
        return JSON.parse(fs.readFileSync(description, "utf8")).type === "module";
      } catch {
        return false;
      }
    }
    if (at === path.dirname(at)) return false;
  }
}

// The same error under AWS's name for it, its own name and trace kept in the message and the stack.
function named(name, error) {
  const stack = error.stack;
  const message = name === "Runtime.ImportModuleError" ? `Error: ${error.message}` : `${error.name}: ${error.message}`;
  const fault = new Fault(name, message);
  fault.stack = `${name}: ${message}\n${String(stack).split("\n").slice(1).join("\n")}`;
  return fault;
}

module.exports = { load };
