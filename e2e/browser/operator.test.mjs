// What only operators may, and what leads away from the host's own server; and what a job's page says of all of it afterwards.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { LOGIN, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";
import { assertFits, assertUsable } from "./usable.mjs";

const held = worldOfFile({ host: ["--operator", LOGIN] });

let olga;
const somebody = (world) => (olga ??= readyPerson(world, "olga", "Olga"));
const script = (name, more) => ({ name, walltime: "0:05:00", chunks: [{ ncpus: "1" }], ...more });

const looks = (person, name) =>
  person.inEveryLook(name, async (title, { width }) => {
    await assertUsable(person, title);
    await assertFits(person, title, width);
  });

/** Does something by the page, and sees it done. */
async function act({ page }, action, fill = async () => {}, button = `${action} job`) {
  await page.getByText("More", { exact: true }).click();
  await page.getByRole("button", { name: action, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await fill(dialog);
  await dialog.getByRole("button", { name: button, exact: true }).last().click();
  await dialog.waitFor({ state: "hidden" });
}

/** The job as soon as `isSo`. */
async function wait(person, { id }, isSo) {
  let now = await person.api("GET", `/jobs/${id}`);
  while (!isSo(now)) now = await person.api("GET", `/jobs/${id}?wait=5&until=change`);
  return now;
}

/** The actions in the job's page: outcome, words and what the scheduler said of each. */
async function pastActions({ page }, job) {
  await page.goto(`/jobs/${job.id}?tab=timeline`);
  const list = page.getByRole("list", { name: "Actions" });
  await list.waitFor();
  return list.getByRole("listitem").allInnerTexts();
}

describe("an operator", () => {
  it("runs a job again", async () => {
    const { person, host } = await somebody(held.world);
    await explaining("rerun", held.world, person, async () => {
      const runs = join(held.world.home, "runs");
      const commands = "echo run >>~/runs; while [ ! -e ~/enough ]; do sleep 0.1; done";
      const job = await submitJob(person, { host, script: script("again", { commands, rerunnable: "y" }) }, (job) => job.state === "running");
      // Its processes are there: before that the scheduler refuses.
      await wait(person, job, () => { try { return readFileSync(runs, "utf8") === "run\n"; } catch { return false; } });
      await person.page.goto(`/jobs/${job.id}`);
      await act(person, "Run again", undefined, "Run again");
      const again = await wait(person, job, (job) => job.run_count === 2 && job.state === "running");
      assert.equal(again.pbs_id, job.pbs_id);
      await person.page.getByText("2; the earlier ones are in the timeline").waitFor();
      writeFileSync(join(held.world.home, "enough"), "");
      await wait(person, job, (job) => job.state === "completed");
      assert.equal(readFileSync(runs, "utf8"), "run\nrun\n");
      const [past] = await pastActions(person, job);
      assert.match(past, /Done/);
      assert.match(past, /Run again\. By olga, with Chrome on Linux\./);
      assert.match(await person.page.getByText("Chrome on Linux").getAttribute("title"), /^Mozilla\//);
    });
  });

  it("moves a job to another server, which goes on with it", async () => {
    const { person, host } = await somebody(held.world);
    await explaining("move", held.world, person, async () => {
      const { page } = person;
      const job = await submitJob(person, { host, script: script("away", { commands: "exit 7", hold: true }) }, (job) => job.state === "held");
      await page.goto(`/jobs/${job.id}`);
      const to = (place) => (dialog) => dialog.getByLabel(/^To/).fill(place);
      await act(person, "Move", to("workq@other"));
      const there = await wait(person, job, (job) => job.state === "held" && job.queue === "workq");
      assert.equal(there.pbs_id, job.pbs_id);
      // By hand, there: the job's own server no longer takes requests about it.
      const env = { ...process.env, USER: LOGIN, LOGNAME: LOGIN };
      execFileSync(join(held.world.host.binFolder, "qrls"), [`${job.pbs_id}@other`], { env });
      const ended = await wait(person, job, (job) => job.ended_at);
      assert.deepEqual([ended.state, ended.exit_status], ["failed", 7]);
      const past = await pastActions(person, job);
      assert.equal(past.length, 1);
      assert.match(past[0], /Move to workq@other\. By olga/);
      await looks(person, "job-actions");
    });
  });
});
