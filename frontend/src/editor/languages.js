import { python } from "@codemirror/lang-python";
import { json } from "@codemirror/lang-json";

const LANGUAGES = [
  [/\.py$/, async () => python()],
  [/\.json$/, async () => json()],
  [/\.(m|c)?js$/, async () => (await import("@codemirror/lang-javascript")).javascript()],
  [/\.ya?ml$/, async () => (await import("@codemirror/lang-yaml")).yaml()],
];

export async function languageOf(path = "") {
  const found = LANGUAGES.find(([pattern]) => pattern.test(path));
  return found ? await found[1]() : null;
}
