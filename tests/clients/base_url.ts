// The API's address, as the test gives it on the command line, and requests relative to it.
declare const process: { argv: string[] };

export const baseUrl = process.argv[2]!;

export function check(condition: boolean, what: unknown): asserts condition {
  if (!condition) throw new Error(JSON.stringify(what));
}

const plainFetch = fetch;
globalThis.fetch = (input, init) =>
  plainFetch(typeof input === "string" ? new URL(input, baseUrl) : input, init);
