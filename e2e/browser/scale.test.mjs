// A large cluster: forty thousand jobs and two thousand nodes. What the browser draws stays small, and everything is found.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";

import { explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";

const N_JOBS = 40_000;
const N_NODES = 2_000;

const nodes = Array.from({ length: N_NODES }, (_, n) => `n${String(n).padStart(4, "0")}:8`).join();
const held = worldOfFile({ host: ["--load", String(N_JOBS), "--nodes", nodes] });

describe("a large cluster", () => {
  let ada;

  before(async () => {
    const { person, host } = await readyPerson(held.world, "ada", "Ada");
    ada = person;
    const script = { walltime: "0:05:00", chunks: [{ ncpus: "2" }], commands: "sleep 3600" };
    await submitJob(ada, { host, script: { ...script, name: "mine" } }, ({ state }) => state === "running");
    await submitJob(ada, { host, script: { ...script, name: "parts", array: "1-500", hold: true } });
  });

  const test = (name, body) => it(name, (t) => explaining(name, held.world, ada, () => body(ada.page, t)));

  /** In every look: nothing wider than the window, and nothing that axe finds. */
  async function looks(page, name) {
    const problems = [];
    await ada.inEveryLook(name, async (title, { width }) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      problems.push(...violations.map(({ id, nodes }) => `${title}: ${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))}`));
      if ((await page.evaluate(() => document.documentElement.scrollWidth)) > width) problems.push(`${title} is too wide`);
    });
    assert.deepEqual(problems, []);
  }

  test("forty thousand jobs: own ones first, a page of rows at a time, each one found", async (page, t) => {
    const start = performance.now();
    await page.goto("/queues");
    await page.getByText(`${N_JOBS + 2} jobs, 2 of them yours`).waitFor();
    t.diagnostic(`from the address to ${N_JOBS} jobs on the page: ${(performance.now() - start).toFixed(0)} ms`);
    const rows = page.getByRole("table", { name: "Jobs on cluster" }).locator("tbody tr");
    assert.equal(await rows.count(), 100);
    await rows.nth(0).getByText("mine", { exact: true }).waitFor();
    await rows.nth(1).getByText("parts", { exact: true }).waitFor();
    await looks(page, "scale-queues");

    await ada.field("Search").fill(`load${N_JOBS - 1}`);
    await page.getByText(`1 of ${N_JOBS + 2} jobs fit the filter`).waitFor();
    await rows.getByText(`load${N_JOBS - 1}`, { exact: true }).waitFor();
    await ada.field("Search").fill("");
    await ada.field("Order").selectOption({ label: "By owner" });
    await rows.nth(0).getByRole("rowheader", { name: "alice" }).waitFor();
    await ada.button("Next").click();
    await page.getByRole("status").filter({ hasText: `101 to 200 of ${N_JOBS + 2}` }).waitFor();
    await ada.field("Only my jobs").check();
    await page.getByText(`2 of ${N_JOBS + 2} jobs fit the filter`).waitFor();
  });

  test("two thousand nodes: one picture, the job on its node, a table a page at a time", async (page) => {
    await page.goto("/nodes");
    await page.getByText(`2 of ${8 * N_NODES} in use`).waitFor();
    const boxes = page.locator("svg.node");
    assert.equal(await boxes.count(), N_NODES);
    await looks(page, "scale-nodes");
    await page.locator("svg.node[data-state=partly]").click();
    await page.getByRole("status").filter({ hasText: /^n\d+: partly in use, 2 of 8 processors in use, 1 job/ }).waitFor();
    await page.getByText("The same as a table").click();
    const rows = page.getByRole("table", { name: "Nodes" }).locator("tbody tr");
    await rows.nth(99).waitFor();
    assert.equal(await rows.count(), 100);
    await ada.field("Search").fill("n1999");
    await page.waitForFunction(() => document.querySelectorAll("svg.node").length === 1);
    await rows.getByText("n1999", { exact: true }).waitFor();
  });
});
