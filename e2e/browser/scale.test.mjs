// A large cluster: two thousand nodes. The picture stays readable, and everything is found.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { PATIENCE_MS, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";
import { assertFits, assertUsable } from "./usable.mjs";

const N_NODES = 2_000;

/** Ada, at a host that was started with these arguments, with these jobs of hers. */
function ada(host, scripts) {
  const held = worldOfFile({ host });
  let ada;
  before(async () => {
    const ready = await readyPerson(held.world, "ada", "Ada");
    ada = ready.person;
    const script = { walltime: "1:00:00", chunks: [{ ncpus: "2" }], commands: "sleep 3600" };
    for (const more of scripts) await submitJob(ada, { host: ready.host, script: { ...script, ...more } });
  });
  return (name, body) => it(name, (t) => explaining(name, held.world, ada, () => body(ada, t)));
}

const looks = (person, name) =>
  person.inEveryLook(name, async (title, { width }) => {
    await assertUsable(person, title);
    await assertFits(person, title, width);
  });

describe("two thousand nodes", () => {
  const nodes = Array.from({ length: N_NODES }, (_, n) => `n${String(n).padStart(4, "0")}:8`);
  const test = ada(["--nodes", nodes.join()], [{ name: "mine" }]);

  test("one picture, the job on its node, a table a page at a time", async (ada) => {
    const { page } = ada;
    await page.goto("/nodes");
    await page.getByText(`2 of ${8 * N_NODES} in use`).waitFor({ timeout: 4 * PATIENCE_MS });
    assert.equal(await page.locator("svg.node").count(), N_NODES);
    await looks(ada, "scale-nodes");
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
