// Steering in the page: every action on one job, a selection, a filter; what is refused; keyboard, axe, phone.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";

import { PHONE, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";

const held = worldOfFile();

const LOOP = "while [ ! -e ~/go-on ]; do sleep 0.1; done";
const script = (name, more = {}) => ({ name, walltime: "0:05:00", chunks: [{ ncpus: "1" }], commands: LOOP, ...more });
const is = (state) => (job) => job.state === state;

let made;
/** Somebody with a running job and three that wait. */
const busy = (world) => {
  made ??= (async () => {
    const { person, host } = await readyPerson(world, "stella", "Stella");
    const running = await submitJob(person, { host, script: script("runs") }, is("running"));
    const waiting = [];
    for (const name of ["waits-1", "waits-2", "waits-3"]) {
      waiting.push(await submitJob(person, { host, script: script(name, { start_after: "2035-01-01T00:00" }) }, is("waiting")));
    }
    return { person, host, running, waiting };
  })();
  return made;
};

async function assertClean(person, title) {
  const { violations } = await new AxeBuilder({ page: person.page }).withTags(["wcag2a", "wcag2aa", "wcag21aa"]).analyze();
  assert.deepEqual(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${title}: ${id}: ${html.slice(0, 200)}`)), []);
}

/** The job's page. */
async function open(person, job) {
  await person.page.goto(`/jobs/${job.id}`);
  await person.page.getByRole("region", { name: "State", exact: true }).waitFor();
}

/** Chooses an action; those behind "More" are unfolded first. */
async function choose(person, name) {
  const button = person.button(name);
  if (!(await button.isVisible())) await person.page.locator("summary", { hasText: "More" }).first().click();
  await button.click();
  const dialog = person.page.getByRole("dialog");
  await dialog.waitFor();
  return dialog;
}

const stateIs = (person, job, state) =>
  (async () => {
    let now = await person.api("GET", `/jobs/${job.id}`);
    while (now.state !== state) now = await person.api("GET", `/jobs/${job.id}?wait=30&until=change`);
    return now;
  })();

describe("steering", () => {
  it("a job is held, released and its hold kinds are explained", async () => {
    const { person, waiting } = await busy(held.world);
    await explaining("hold", held.world, person, async () => {
      await open(person, waiting[0]);
      let dialog = await choose(person, "Hold");
      await dialog.getByText("Set and taken away by the job's owner").waitFor();
      await dialog.getByText("it does not start until the hold is taken away").waitFor();
      await dialog.getByLabel("System's hold").check();
      await dialog.getByText("only by managers of the scheduler").first().waitFor();
      await assertClean(person, "hold");
      // The scheduler's own refusal, word for word, with what its status means.
      await dialog.getByRole("button", { name: "Hold job" }).click();
      await dialog.getByText("qhold: Unauthorized Request").waitFor();
      await dialog.getByText("The scheduler does not allow this account to do that. (status 159)").waitFor();
      await person.picture("steer-refused");
      await dialog.getByRole("button", { name: "Close" }).last().click();
      dialog = await choose(person, "Hold");
      await dialog.getByRole("button", { name: "Hold job" }).click();
      await dialog.waitFor({ state: "hidden" });
      await stateIs(person, waiting[0], "held");
      dialog = await choose(person, "Release");
      await dialog.getByRole("button", { name: "Release job" }).click();
      await dialog.waitFor({ state: "hidden" });
      await stateIs(person, waiting[0], "waiting");
    });
  });

  it("the form that alters a job is filled, and sends only what was changed", async () => {
    const { person, waiting } = await busy(held.world);
    await explaining("alter", held.world, person, async () => {
      await open(person, waiting[1]);
      const dialog = await choose(person, "Alter");
      const walltime = dialog.getByLabel("walltime", { exact: true });
      await walltime.waitFor();
      assert.equal(await walltime.inputValue(), "00:05:00");
      assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "waits-2");
      assert.equal(await dialog.getByLabel("Not before", { exact: true }).inputValue(), "2035-01-01T00:00");
      await person.inEveryLook("steer-alter", (title) => assertClean(person, title));
      await walltime.fill("soon");
      await dialog.getByRole("button", { name: "Alter job" }).click();
      await dialog.locator("[aria-invalid='true']").waitFor();
      await walltime.fill("0:20:00");
      await dialog.getByLabel("Name", { exact: true }).fill("renamed");
      const sent = person.page.waitForRequest((request) => request.method() === "POST" && request.url().includes("/job-actions"));
      await dialog.getByRole("button", { name: "Alter job" }).click();
      assert.deepEqual((await sent).postDataJSON().action, {
        type: "alter", attributes: { name: "renamed" }, resources: { walltime: "0:20:00" },
      });
      await person.heading("Job renamed").waitFor();
    });
  });

  it("a job is moved, and two change places", async () => {
    const { person, waiting } = await busy(held.world);
    await explaining("move", held.world, person, async () => {
      await open(person, waiting[0]);
      let dialog = await choose(person, "Move");
      await dialog.getByText("Queues here: ").waitFor();
      await assertClean(person, "move");
      await dialog.getByLabel(/^To/).fill("sequential");
      await dialog.getByRole("button", { name: "Move job" }).click();
      await dialog.waitFor({ state: "hidden" });
      let now = await person.api("GET", `/jobs/${waiting[0].id}`);
      while (now.queue !== "sequential") now = await person.api("GET", `/jobs/${waiting[0].id}?wait=30&until=change`);
      dialog = await choose(person, "Change places");
      await dialog.getByRole("button", { name: "Change places job" }).click();
      await dialog.getByText("choose a job").waitFor();
      await dialog.getByLabel(/^With/).selectOption({ label: `waits-3 (${waiting[2].pbs_id})` });
      await assertClean(person, "order");
      await dialog.getByRole("button", { name: "Change places job" }).click();
      await dialog.waitFor({ state: "hidden" });
    });
  });

  it("a running job gets a signal and a message; what it does not take says why", async () => {
    const { person, running } = await busy(held.world);
    await explaining("signal", held.world, person, async () => {
      await open(person, running);
      let dialog = await choose(person, "Signal");
      await dialog.getByLabel(/^Signal/).fill("SIGCONT");
      await dialog.getByText("SIGCONT: lets stopped processes go on.").waitFor();
      await assertClean(person, "signal");
      await dialog.getByRole("button", { name: "Signal job" }).click();
      await dialog.waitFor({ state: "hidden" });
      dialog = await choose(person, "Message");
      await dialog.getByRole("button", { name: "Message job" }).click();
      await dialog.getByText("needs a text").waitFor();
      await dialog.getByLabel(/^Message/).fill("half done, it's \"fine\"");
      await assertClean(person, "message");
      await dialog.getByRole("button", { name: "Message job" }).click();
      await dialog.waitFor({ state: "hidden" });
      const output = await person.context.request.get(`/api/v1/jobs/${running.id}/output/stdout`);
      assert.match(await output.text(), /half done, it's "fine"/);
      dialog = await choose(person, "Run again");
      await dialog.getByText("Only operators and managers of the scheduler may run a job again.").waitFor();
      await dialog.getByRole("button", { name: "Run again job" }).click();
      await dialog.getByText("qrerun: Unauthorized Request").waitFor();
      await dialog.getByRole("button", { name: "Close" }).last().click();
      await person.page.locator("summary", { hasText: "More" }).click();
      const move = person.button("Move");
      assert.equal(await move.getAttribute("aria-disabled"), "true");
      assert.equal(await move.getAttribute("title"), "Not possible now: a running job cannot be moved.");
      await assertClean(person, "menu");
      await person.page.keyboard.press("Escape");
      await move.waitFor({ state: "hidden" });
    });
  });

  it("a selection is held after a preview, and the hold is taken back", async () => {
    const { person, waiting } = await busy(held.world);
    await explaining("selection", held.world, person, async () => {
      const { page } = person;
      await page.goto("/jobs");
      await page.getByText("No job is chosen.").waitFor();
      assert.equal(await person.button("Hold").getAttribute("title"), "Choose jobs first.");
      // By keyboard: the box, then the button.
      await page.getByLabel("Choose waits-1").focus();
      await page.keyboard.press("Space");
      await page.getByLabel("Choose runs").check();
      await page.getByText("2 jobs are chosen.").waitFor();
      await person.inEveryLook("jobs-chosen", async (title, viewport) => {
        await assertClean(person, title);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(viewport !== PHONE || width <= PHONE.width, `${title} scrolls sideways: ${width}`);
      });
      await person.button("Hold").focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: "Hold: 2 jobs" });
      await dialog.getByRole("button", { name: "Preview" }).click();
      await dialog.getByText("2 jobs, for 2 of them it is possible.").waitFor();
      await dialog.getByText("1 running: it runs on; should it be run again, it is held then").waitFor();
      await person.inEveryLook("steer-preview", (title) => assertClean(person, title));
      await dialog.getByRole("button", { name: "Hold 2 jobs" }).click();
      await dialog.getByText("2 done.").waitFor();
      await dialog.getByRole("list", { name: "Results" }).getByText("waits-1").waitFor();
      await person.inEveryLook("steer-results", (title) => assertClean(person, title));
      await stateIs(person, waiting[0], "held");
      await dialog.getByRole("button", { name: "Undo" }).click();
      await stateIs(person, waiting[0], "waiting");
      await dialog.getByText("2 done.").waitFor();
      await dialog.getByRole("button", { name: "Close" }).last().click();
      await dialog.waitFor({ state: "hidden" });
    });
  });

  it("all jobs that a filter matches are deleted, and those that are over are left alone", async () => {
    const { person, waiting, running } = await busy(held.world);
    await explaining("filter", held.world, person, async () => {
      const { page } = person;
      writeFileSync(join(held.world.home, "go-on"), "");
      await stateIs(person, running, "completed");
      await page.goto("/jobs");
      await person.button("Choose all that match the filter").click();
      await page.getByText("All jobs that match the filter are chosen.").waitFor();
      await person.button("Delete").click();
      const dialog = page.getByRole("dialog", { name: "Delete: all jobs that match the filter" });
      await dialog.getByRole("button", { name: "Preview" }).click();
      await dialog.getByText("1 completed: left alone: the job has ended").waitFor();
      await dialog.getByRole("button", { name: "Delete 3 jobs" }).click();
      await dialog.getByText("3 done, 1 left alone.").waitFor();
      assert.equal(await dialog.getByRole("button", { name: "Undo" }).count(), 0);
      for (const job of waiting) await stateIs(person, job, "deleted");
      await dialog.getByRole("button", { name: "Close" }).last().click();
    });
  });
});
