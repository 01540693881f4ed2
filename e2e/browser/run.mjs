// Runs the stories: those named on the command line, or all. Unlike `node --test`, it fails when no test ran.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const folder = import.meta.dirname;
const wanted = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs"))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)))
  .sort()
  .map((name) => join(folder, name));

// Given no files, the runner would look for some by itself.
if (files.length === 0) {
  console.error(`No browser test is called ${wanted.join(" or ")}.`);
  process.exit(1);
}

// Pictures of earlier failures would be taken for those of this run.
rmSync(join(folder, "../artefacts"), { recursive: true, force: true });

let passed = 0;
let failed = 0;
// A file is a test of its own to the runner; only what is inside it counts.
const isTest = (event) => event.details?.type !== "suite" && !files.includes(event.name) && !event.skip && !event.todo;

// One after the other: two cores and a browser are shared, and times are looked at.
run({ files, concurrency: 1 })
  .on("test:pass", (event) => {
    if (isTest(event)) passed += 1;
  })
  .on("test:fail", () => {
    failed += 1;
  })
  .compose(new spec())
  .pipe(process.stdout);

process.on("exit", () => {
  if (passed === 0) console.error("No browser test ran.");
  if (failed > 0 || passed === 0) process.exitCode = 1;
});
