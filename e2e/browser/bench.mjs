// Times what a reader waits for, on a running server: node bench.mjs BASE_URL USER PASSWORD [JOB…]
// Prints {"time_to_interactive_ms": […], "pick_to_filled_ms": […], "key_to_laid_out_ms": […], "key_to_painted_ms": […]}. Past scripts of
// the user are needed to pick from. With running jobs it prints `JOB running` once that one is open and shown as running, and `JOB
// MILLISECONDS` when it is shown as completed: since the epoch, of the frame that shows it; then the same for the next.
import { chromium } from "playwright-core";

import { timesOfKeys } from "./compose.mjs";

const N_RUNS = 20;

/** One for each field of the form. */
const DIRECTIVES = [
  ...["-N typed", "-A acct-7", "-P physics", "-p 10", "-h", "-a 203701020304", "-c s", "-o out.txt", "-e err.txt", "-M ada@example.org"],
  ...["-m e", "-l select=2:ncpus=2:mpiprocs=2:mem=200mb+1:ncpus=4", "-l place=free", "-l walltime=1:00:00", "-v COLOUR=red,STEPS=100"],
  ...["-W depend=afterany:1.server", "-W umask=027", "-r y", "-S /bin/bash"],
];
const [baseURL, userName, password, ...jobs] = process.argv.slice(2);
if (!password) {
  console.error("usage: node bench.mjs BASE_URL USER PASSWORD [JOB…]");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ],
});
try {
  const options = { baseURL, ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } };
  const storageState = await signIn(options);
  if (jobs.length > 0) for (const job of jobs) await tellWhenItEnds({ ...options, storageState }, job);
  else console.log(JSON.stringify(await timesOfPage({ ...options, storageState })));
} finally {
  await browser.close();
}

/** All that a reader waits for, but the end of a job. */
async function timesOfPage(options) {
  const timeToInteractive = [];
  for (let run = 0; run < N_RUNS; run += 1) timeToInteractive.push(await timeOfFirstPage(options));
  const pickToFilled = await timesOfPicking(options);
  const { laidOut, painted } = await timesOfTyping(options);
  return {
    time_to_interactive_ms: timeToInteractive,
    pick_to_filled_ms: pickToFilled,
    key_to_laid_out_ms: laidOut,
    key_to_painted_ms: painted,
  };
}

async function signIn(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.getByLabel("Name", { exact: true }).fill(userName);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  const state = await context.storageState();
  await context.close();
  return state;
}

/** With an empty cache: from the navigation to the frame in which the signed-in page stands and can be used. */
async function timeOfFirstPage(options) {
  const context = await browser.newContext(options);
  await context.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector("main h1") || !document.querySelector("nav[aria-label=Main]")) return;
      watch.disconnect();
      // The frame after the one in which it was put in: painted, and the thread is free again.
      requestAnimationFrame(() => setTimeout(() => performance.mark("usable")));
    });
    watch.observe(document, { childList: true, subtree: true });
  });
  const page = await context.newPage();
  await page.goto("/");
  const time = await page.waitForFunction(() => performance.getEntriesByName("usable")[0]?.startTime);
  const milliseconds = await time.jsonValue();
  await context.close();
  return milliseconds;
}

/** Whoever runs this ends the job once it is shown as running. */
async function tellWhenItEnds(options, job) {
  const context = await browser.newContext(options);
  await context.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector(".job-state")?.textContent.includes("Completed")) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => performance.mark("ended")));
    });
    watch.observe(document, { childList: true, characterData: true, subtree: true });
  });
  const page = await context.newPage();
  await page.goto(`/jobs/${job}`);
  await page.locator(".job-state").getByText("Running", { exact: true }).waitFor();
  await page.getByRole("banner").getByText("Live", { exact: true }).waitFor();
  console.log(`${job} running`);
  const shown = await page.waitForFunction(
    () => performance.getEntriesByName("ended").map((mark) => performance.timeOrigin + mark.startTime)[0],
    undefined,
    { timeout: 60_000 },
  );
  console.log(`${job} ${await shown.jsonValue()}`);
  await context.close();
}

/** Measured by the page itself: from the press to the frame that shows every field filled. */
async function timesOfPicking(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto("/compose");
  const scripts = page.getByRole("list", { name: "Past scripts" }).getByRole("button");
  await scripts.first().waitFor();
  const times = [];
  for (let run = 0; run < N_RUNS; run += 1) {
    // The form is changed in between, so that there is something to fill.
    await page.getByLabel("Walltime", { exact: true }).fill(`0:${String(run + 10)}:00`);
    await page.evaluate(() => performance.clearMeasures("pbsweb:filled"));
    await scripts.nth(run % (await scripts.count())).click();
    const time = await page.waitForFunction(() => performance.getEntriesByName("pbsweb:filled")[0]?.duration);
    times.push(await time.jsonValue());
  }
  await context.close();
  return times;
}

/** In a script of 300 lines with all fields in use: from a key in its text to form, findings and colours. */
async function timesOfTyping(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto("/compose");
  const editor = page.getByRole("textbox", { name: "Script text" });
  const head = ["#!/bin/bash", ...DIRECTIVES.map((directive) => `#PBS ${directive}`)];
  const script = [...head, ...Array(300 - head.length).fill("./step # once more"), ""].join("\n");
  await editor.fill(script);
  const times = await timesOfKeys(editor, script.length, N_RUNS * 5);
  await context.close();
  return times;
}
