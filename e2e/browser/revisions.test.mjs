// The revisions of a job's script: compared, labelled, taken up again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";

const held = worldOfFile();

describe("revisions", () => {
  it("are compared with the job's own, labelled, and restored as a new one", async () => {
    const { person, host } = await readyPerson(held.world, "rev", "Rev");
    await explaining("revisions", held.world, person, async () => {
      const script = { name: "series", hold: true, commands: "./heat --steps 100" };
      await submitJob(person, { host, script });
      const { id } = await submitJob(person, { host, script: { ...script, commands: "./heat --steps 200" } });
      const { page } = person;
      await page.goto(`/jobs/${id}?tab=script`);
      const table = page.getByRole("table", { name: "Revisions of the script, the latest first" });
      await table.getByRole("rowheader", { name: "2 (this job's)" }).waitFor();

      await table.getByRole("button", { name: "Compare revision 1 with this job's" }).click();
      const lines = page.getByRole("group", { name: "The changed lines" });
      await lines.locator("ins", { hasText: "./heat --steps 100" }).waitFor();
      assert.equal(await lines.locator("del mark").textContent(), "200", "the word that is gone is marked");

      await table.getByRole("button", { name: "Label revision 1" }).click();
      const dialog = page.getByRole("dialog", { name: "Label a revision" });
      await dialog.getByLabel("Label").fill("the one from the paper");
      await dialog.getByRole("button", { name: "Save" }).click();
      await table.getByRole("cell", { name: "the one from the paper" }).waitFor();

      await table.getByRole("button", { name: "Restore revision 1" }).click();
      const latest = table.getByRole("row").nth(1);
      await latest.getByRole("rowheader", { name: "3", exact: true }).waitFor();
      assert.equal(await latest.locator('[data-label="From"]').textContent(), "1");
    });
  });
});
