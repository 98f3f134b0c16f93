// Builds console/static/console/ and console/icons.json from here: `npm ci && npm run build`.
// The output is committed and byte-identical when built again from the same lock file.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(process.env.ASSETS_OUT ?? join(here, "../console"));
const dist = join(out, "static/console");
const modules = join(here, "node_modules");

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "vendor"), { recursive: true });

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  target: ["chrome123", "firefox120", "safari17.5"],
  logLevel: "warning",
};

const { metafile } = await build({
  ...common,
  entryPoints: { app: "src/app.js", editor: "src/editor/index.js" },
  format: "esm",
  splitting: true,
  metafile: true,
  chunkNames: "chunk-[hash]",
  outdir: dist,
});
await build({ ...common, entryPoints: { app: "src/css/index.css" }, external: ["*.woff2"], outdir: dist });

// Vendored as they are, each with its licence beside it.
const copies = {
  "htmx.org/LICENSE": "vendor/htmx.LICENSE.txt",
  "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
  "@fontsource-variable/inter/LICENSE": "vendor/inter.LICENSE.txt",
  "lucide-static/LICENSE": "vendor/lucide.LICENSE.txt",
  "@codemirror/view/LICENSE": "vendor/codemirror.LICENSE.txt",
};
for (const [from, to] of Object.entries(copies)) await copyFile(join(modules, from), join(dist, to));

// htmx reads the page a moment after its script: an extension in a file of its own may come too late for that.
const htmx = ["htmx.min.js", "ext/hx-sse.min.js"].map((name) => readFile(join(modules, "htmx.org/dist", name), "utf8"));
await writeFile(join(dist, "vendor/htmx-sse.min.js"), (await Promise.all(htmx)).join(";\n"));

await copyFile(join(here, "src/logo.svg"), join(dist, "logo.svg"));

// What the editor is made of besides its own file: a page that has one asks for all of it at once.
const { imports } = Object.entries(metafile.outputs).find(([path]) => basename(path) === "editor.js")[1];
const chunks = imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
await writeFile(join(out, "editor.json"), JSON.stringify(chunks.sort()) + "\n");

// The glyphs that the `icon` template tag inlines: lucide's paths without their wrapper, and our own mark.
const icons = {};
for (const name of JSON.parse(await readFile(join(here, "icons.json"), "utf8")).sort()) {
  const svg = await readFile(join(modules, "lucide-static/icons", `${name}.svg`), "utf8");
  icons[name] = svg
    .replace(/<!--.*?-->/gs, "")
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/\s*\n\s*/g, "")
    .trim();
}
await writeFile(join(out, "icons.json"), JSON.stringify(icons, null, 1) + "\n");
