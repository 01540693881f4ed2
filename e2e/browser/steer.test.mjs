// Steering in the page: every action, on one job, a selection, a filter; what is refused; keyboard, axe, phone.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";

import { DESKTOP, PHONE, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";
import { hasFocus } from "./usable.mjs";

const held = worldOfFile();

const script = (name, more = {}) => ({ name, walltime: "0:05:00", chunks: [{ ncpus: "1" }], commands: "true", ...more });
const is = (state) => (job) => job.state === state;
/** Never starts by itself. */
const LATER = { start_after: "2035-01-01T00:00" };
/** Runs until the file is there; says when it was signalled. */
const loop = (file) => `trap 'echo signalled' CONT USR1; echo ready; while [ ! -e ~/${file} ]; do sleep 0.1; done`;

let stella;
const somebody = (world) => (stella ??= readyPerson(world, "stella", "Stella"));

/** A story in the page of somebody with these jobs, each with the state in which the story begins. */
function story(name, jobs, body) {
  it(name, async () => {
    const { person, host } = await somebody(held.world);
    await explaining(name, held.world, person, async () => {
      const made = [];
      for (const { state, ...job } of jobs) made.push(await submitJob(person, { host, script: script(job.name, job) }, is(state)));
      await body(person, ...made);
      for (const job of made) {
        const now = await person.api("GET", `/jobs/${job.id}`);
        if (!now.ended_at) await person.api("POST", `/jobs/${job.id}/delete`).catch(() => {});
      }
    });
  });
}

async function assertClean(person, title, { width } = DESKTOP) {
  const { page } = person;
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa"]).analyze();
  assert.deepEqual(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${title}: ${id}: ${html.slice(0, 200)}`)), []);
  const shown = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(shown <= width, `${title} scrolls sideways: ${shown} of ${width}`);
}
const inEveryLook = (person, name) => person.inEveryLook(name, (title, viewport) => assertClean(person, title, viewport));

/** The job's page. */
async function open(person, job) {
  await person.page.goto(`/jobs/${job.id}`);
  await person.page.getByRole("region", { name: "State", exact: true }).waitFor();
}

/** Chooses an action; those behind "More" are unfolded first. Gives the dialog. */
async function choose(person, name) {
  const button = person.button(name);
  if (!(await button.isVisible())) await person.page.getByText("More", { exact: true }).click();
  await button.click();
  const dialog = person.page.getByRole("dialog");
  await dialog.waitFor();
  return dialog;
}

const press = (dialog, name) => dialog.getByRole("button", { name, exact: true }).last().click();

/** Presses, and waits until the dialog closes by itself: it was done. */
async function pressAndDone(dialog, name) {
  await press(dialog, name);
  await dialog.waitFor({ state: "hidden" });
}

/** The job as soon as `isSo`. The server answers when something changed, or soon: it may have changed before it was asked. */
async function wait(person, job, isSo) {
  let now = await person.api("GET", `/jobs/${job.id}`);
  while (!isSo(now)) now = await person.api("GET", `/jobs/${job.id}?wait=5&until=change`);
  return now;
}

/** What the scheduler has of a job. */
const attributes = (person, job) => person.api("GET", `/jobs/${job.id}/attributes`);

async function outputHas(person, job, stream, words) {
  const output = await person.context.request.get(`/api/v1/jobs/${job.id}/output/${stream}`);
  assert.ok((await output.text()).includes(words), `${stream} has no ${words}`);
}

describe("steering one job", () => {
  story("hold and release", [{ name: "waits", ...LATER, state: "waiting" }], async (person, job) => {
    await open(person, job);
    let dialog = await choose(person, "Hold");
    await hasFocus(dialog.getByLabel("User's hold"));
    await dialog.getByText("Set and taken away by the job's owner").waitFor();
    await dialog.getByText("What happens: it does not start until the hold is taken away.").waitFor();
    await dialog.getByLabel("System's hold").check();
    await dialog.getByText("only by managers of the scheduler").waitFor();
    await inEveryLook(person, "steer-hold");
    // The scheduler's own refusal, word for word, with what its status means; then another try.
    await press(dialog, "Hold job");
    await dialog.getByText(`qhold: Unauthorized Request  ${job.pbs_id}`).waitFor();
    await dialog.getByText("The scheduler does not allow this account to do that. (exit status 159)").waitFor();
    await inEveryLook(person, "steer-refused");
    await press(dialog, "Change and try again");
    await dialog.getByLabel("System's hold").waitFor();
    assert.ok(await dialog.getByLabel("System's hold").isChecked(), "what was chosen is still there");
    await dialog.getByLabel("User's hold").check();
    await pressAndDone(dialog, "Hold job");
    await wait(person, job, is("held"));
    // Taken back from the message, which goes by itself: nothing slow comes before.
    await person.notice("Hold: the scheduler did it.").getByRole("button", { name: "Undo" }).click();
    await person.notice("It was taken back.").waitFor();
    await wait(person, job, is("waiting"));
    dialog = await choose(person, "Hold");
    await pressAndDone(dialog, "Hold job");
    await inEveryLook(person, "steer-done");
    await wait(person, job, is("held"));
    dialog = await choose(person, "Release");
    await pressAndDone(dialog, "Release job");
    await wait(person, job, is("waiting"));
  });

  story("alter", [{ name: "before", ...LATER, state: "waiting" }], async (person, job) => {
    await open(person, job);
    const dialog = await choose(person, "Alter");
    const field = (label) => dialog.getByLabel(label, { exact: true });
    await hasFocus(field("walltime"));
    assert.equal(await field("walltime").inputValue(), "00:05:00");
    assert.equal(await field("Name").inputValue(), "before");
    assert.equal(await field("Not before").inputValue(), "2035-01-01T00:00");
    await inEveryLook(person, "steer-alter");
    await press(dialog, "Alter job");
    await person.page.getByRole("dialog").waitFor();
    await field("walltime").fill("soon");
    await press(dialog, "Alter job");
    await dialog.locator("[aria-invalid='true']").waitFor();
    await person.page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
    await field("walltime").fill("0:20:00");
    await field("Name").fill("after");
    const sent = person.page.waitForRequest((request) => request.method() === "POST" && request.url().includes("/job-actions"));
    await press(dialog, "Alter job");
    assert.deepEqual((await sent).postDataJSON().action, {
      type: "alter", attributes: { name: "after" }, resources: { walltime: "0:20:00" },
    });
    await person.heading("Job after").waitFor();
    assert.equal((await attributes(person, job)).resources.walltime, "00:20:00");
  });

  story("move, and swap places", [
    { name: "first", ...LATER, state: "waiting" }, { name: "second", ...LATER, state: "waiting" },
  ], async (person, first, second) => {
    await open(person, first);
    let dialog = await choose(person, "Swap places");
    await hasFocus(dialog.getByLabel(/^With/));
    await press(dialog, "Swap places");
    await dialog.getByText("Choose a job.", { exact: true }).waitFor();
    await dialog.getByLabel(/^With/).selectOption({ label: `second (${second.pbs_id})` });
    await inEveryLook(person, "steer-order");
    await pressAndDone(dialog, "Swap places");
    dialog = await choose(person, "Move");
    await hasFocus(dialog.getByLabel(/^To/));
    await dialog.getByText(/Queues there: .*sequential/).waitFor();
    await dialog.getByLabel(/^To/).fill("nowhere");
    await press(dialog, "Move job");
    await dialog.getByText(`qmove: Unknown queue ${first.pbs_id}`).waitFor();
    await hasFocus(dialog.getByRole("button", { name: "Close", exact: true }).last());
    await press(dialog, "Change and try again");
    await hasFocus(dialog.getByLabel(/^To/));
    assert.equal(await dialog.getByLabel(/^To/).inputValue(), "nowhere");
    await dialog.getByLabel(/^To/).fill("sequential");
    await inEveryLook(person, "steer-move");
    // By the keyboard, from the field.
    await dialog.getByLabel(/^To/).press("Enter");
    await dialog.waitFor({ state: "hidden" });
    await wait(person, first, (job) => job.queue === "sequential");
    const { items } = await person.api("GET", "/me/activity");
    const moves = items.filter(({ action }) => action === "job.move").map(({ detail }) => detail);
    assert.equal(moves[0], "first on cluster: move to sequential");
  });

  story("signal, message, run again", [{ name: "runs", commands: loop("signalled"), state: "running" }], async (person, job) => {
    const { page } = person;
    await open(person, job);
    await page.getByRole("region", { name: "Text of standard output" }).getByText("ready").waitFor();
    let dialog = await choose(person, "Signal");
    await press(dialog, "Send signal");
    await dialog.getByText("must be a signal's name").waitFor();
    await dialog.getByLabel(/^Signal/).fill("SIGCONT");
    await dialog.getByText("SIGCONT: lets stopped processes go on.").waitFor();
    await inEveryLook(person, "steer-signal");
    await pressAndDone(dialog, "Send signal");
    await page.getByRole("region", { name: "Text of standard output" }).getByText("signalled").waitFor();
    dialog = await choose(person, "Message");
    await press(dialog, "Send message");
    await dialog.getByText("needs a text").waitFor();
    await dialog.getByLabel(/^Message/).fill("half done, it's \"fine\"");
    await dialog.getByLabel("Into standard error").check();
    await inEveryLook(person, "steer-message");
    await pressAndDone(dialog, "Send message");
    await outputHas(person, job, "stderr", "half done, it's \"fine\"");
    dialog = await choose(person, "Run again");
    await hasFocus(dialog.getByRole("button", { name: "Cancel" }));
    await inEveryLook(person, "steer-rerun");
    await dialog.getByText("Only operators and managers of the scheduler may run a job again.").waitFor();
    await press(dialog, "Run again");
    await dialog.getByText("qrerun: Unauthorized Request").waitFor();
    await press(dialog, "Close");
    await dialog.waitFor({ state: "hidden" });
    // Of a running job what does not decide where it runs.
    dialog = await choose(person, "Alter");
    await dialog.getByLabel("walltime", { exact: true }).fill("0:04:00");
    assert.equal(await dialog.getByLabel("Account", { exact: true }).count(), 0);
    await dialog.getByLabel("Mail at", { exact: true }).fill("ae");
    await inEveryLook(person, "steer-alter-running");
    await pressAndDone(dialog, "Alter job");
    assert.equal((await attributes(person, job)).resources.walltime, "00:04:00");
  });

  story("what is not possible says why", [{ name: "menu", commands: loop("menu"), state: "running" }], async (person, job) => {
    const { page } = person;
    await open(person, job);
    const more = page.getByText("More", { exact: true });
    await more.focus();
    await page.keyboard.press("Enter");
    const move = person.button("Move");
    assert.equal(await move.getAttribute("aria-disabled"), "true");
    await page.getByText("Not possible now: a running job cannot be moved.").waitFor();
    // It says so, and does nothing.
    await move.dispatchEvent("click");
    assert.equal(await page.getByRole("dialog").count(), 0);
    await inEveryLook(person, "steer-menu");
    await page.keyboard.press("Escape");
    await move.waitFor({ state: "hidden" });
    // Elsewhere, and back to the button after a dialog.
    await more.click();
    await person.heading("Job menu").click();
    await move.waitFor({ state: "hidden" });
    const dialog = await choose(person, "Signal");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.waitForFunction(() => document.activeElement?.textContent === "More");
    writeFileSync(join(held.world.home, "menu"), "");
    await wait(person, job, is("completed"));
    for (const name of ["Hold", "Release", "Delete"]) await person.button(name).waitFor({ state: "detached" });
    assert.equal(await page.getByText("Not possible now").count(), 0);
  });

  story("jobs of an array, by force", [{ name: "array", array: "1-6", commands: loop("array"), state: "running" }], async (person, job) => {
    await open(person, job);
    await person.page.getByText(/^6 jobs: /).waitFor();
    let dialog = await choose(person, "Delete");
    await dialog.getByLabel("Jobs of the array").fill("two");
    await press(dialog, "Delete job");
    await dialog.getByText("must be indices and ranges such as 3, 1-5 or 1-9:2").waitFor();
    await dialog.getByLabel("Jobs of the array").fill("2-3,5");
    await inEveryLook(person, "steer-array");
    await pressAndDone(dialog, "Delete job");
    await person.page.getByText(/^6 jobs: .*3 deleted/).waitFor();
    dialog = await choose(person, "Delete");
    await dialog.getByLabel("By force").check();
    await dialog.getByText("the scheduler ends and forgets it, even if its node does not answer").waitFor();
    await pressAndDone(dialog, "Delete job");
    await wait(person, job, (job) => Boolean(job.ended_at));
    assert.ok(!existsSync(join(held.world.home, "array")));
  });
});

describe("steering many jobs", () => {
  const waiting = ["many-1", "many-2", "many-3"].map((name) => ({ name, ...LATER, state: "waiting" }));
  const jobs = [{ name: "runs-on", commands: loop("go-on"), state: "running" }, ...waiting];
  story("a selection by keyboard, then all that match", jobs, async (person, running, ...waiting) => {
    const { page } = person;
    await page.goto("/jobs");
    await page.getByText("No job is chosen.").waitFor();
    assert.equal(await person.button("Hold").getAttribute("title"), "Choose jobs first.");
    await page.getByLabel("Choose many-1").focus();
    await page.keyboard.press("Space");
    await page.getByText("1 job is chosen.").waitFor();
    await page.getByLabel("Choose runs-on").check();
    await page.getByText("2 jobs are chosen.").waitFor();
    await inEveryLook(person, "jobs-chosen");
    await person.button("Hold").focus();
    await page.keyboard.press("Enter");
    let dialog = page.getByRole("dialog", { name: "Hold 2 jobs" });
    await dialog.getByRole("list", { name: "What happens" }).getByText("it runs on; should it be run again, it is held then").waitFor();
    await dialog.getByText("Which they are").click();
    await dialog.getByRole("list", { name: "Jobs" }).getByText(running.pbs_id).waitFor();
    await inEveryLook(person, "steer-preview");
    await press(dialog, "Hold 2 jobs");
    await dialog.getByText("2 done.").waitFor();
    await dialog.getByRole("list", { name: "Results" }).getByText("many-1").waitFor();
    await inEveryLook(person, "steer-results");
    await wait(person, waiting[0], is("held"));
    await press(dialog, "Undo");
    await dialog.getByText("Taken back: 2 done.").waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Undo" }).count(), 0);
    await wait(person, waiting[0], is("waiting"));
    await press(dialog, "Close");
    await dialog.waitFor({ state: "hidden" });

    // Two of them change places.
    await person.button("Choose none").click();
    await page.getByLabel("Choose many-2").check();
    await page.getByText("More", { exact: true }).click();
    assert.equal(await person.button("Swap places").getAttribute("aria-disabled"), "true");
    await page.keyboard.press("Escape");
    await page.getByLabel("Choose many-3").check();
    dialog = await choose(person, "Swap places");
    assert.ok(await dialog.getByLabel(/^With/).inputValue(), "the other one is chosen already");
    await pressAndDone(dialog, "Swap places");

    // What its state forbids is left alone, and each has its own result.
    await page.getByLabel("Choose many-3").uncheck();
    await page.getByLabel("Choose runs-on").check();
    dialog = await choose(person, "Move");
    await dialog.getByLabel(/^To/).fill("nowhere");
    await dialog.getByText("1 of 2 jobs; the others are left alone.").waitFor();
    await dialog.getByText("left alone: a running job cannot be moved").first().waitFor();
    await press(dialog, "Move 1 job");
    await dialog.getByText("1 refused, 1 left alone.").waitFor();
    await dialog.getByText(`qmove: Unknown queue ${waiting[1].pbs_id}`).waitFor();
    await inEveryLook(person, "steer-mixed");
    await dialog.getByRole("button", { name: "Left alone (1)" }).click();
    await dialog.getByRole("list", { name: "Results" }).getByText("many-2").waitFor({ state: "hidden" });
    await press(dialog, "Close");

    // All that match, in the address: what does not match stays.
    await page.goto("/jobs?text=many");
    await page.getByText("No job is chosen.").waitFor();
    await person.button("Choose all that match").click();
    await page.getByText("All jobs that match the filter and have not ended are chosen.").waitFor();
    await person.button("Delete").click();
    dialog = page.getByRole("dialog", { name: "Delete all jobs that match" });
    await dialog.getByRole("list", { name: "What happens" }).getByText("it is taken out of its queue and never runs").waitFor();
    await inEveryLook(person, "steer-all");
    await press(dialog, "Delete 3 jobs");
    await dialog.getByText("3 done.").waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Undo" }).count(), 0, "nothing takes a deletion back");
    for (const job of waiting) await wait(person, job, is("deleted"));
    await press(dialog, "Close");
    await page.getByText("No job is chosen.").waitFor({ state: "hidden" });
    assert.equal((await person.api("GET", `/jobs/${running.id}`)).state, "running");
  });
});
