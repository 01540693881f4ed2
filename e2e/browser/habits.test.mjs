// What the page learns from what one does: proposed values with their reasons, pinned commands, saved searches.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ComposeForm } from "./compose.mjs";
import { HOST, explaining, worldOfFile } from "./harness.mjs";
import { builtApplication, readyPerson, submitJob } from "./setup.mjs";
import { assertFits, assertUsable } from "./usable.mjs";

const held = worldOfFile();

const hasEnded = ({ state }) => state === "completed";

/** Somebody with an application on the host. */
async function withApplication(userName) {
  const { person, host } = await readyPerson(held.world, userName, userName);
  const { application } = await builtApplication(held.world, person, host);
  const run = (commands, isSo = hasEnded) => {
    const script = { name: "heat", walltime: "0:05:00", chunks: [{ ncpus: "1", mem: "1gb" }], commands };
    return submitJob(person, { host, application, script }, isSo);
  };
  return { person, host, application, run };
}

/** The control with this name has this value. */
const hasValue = (page, name, value) =>
  page.waitForFunction(([name, value]) => document.querySelector(`[name="${name}"]`)?.value === value, [name, value]);

/** The focus is on the button with this name. */
const hasFocus = (page, name) =>
  page.waitForFunction((name) => {
    const { activeElement: element } = document;
    return (element?.getAttribute("aria-label") ?? element?.textContent) === name;
  }, name);

async function inEveryLook(person, name) {
  await person.inEveryLook(name, async (title, { width }) => {
    await assertUsable(person, title);
    await assertFits(person, title, width);
  });
}

describe("habits", () => {
  it("values are proposed from good runs, with the reason, and never over what was typed", async () => {
    const { person, host, application, run } = await withApplication("lea");
    // It ends when the host was seen to tell what it uses.
    const isMeasured = (job) => Number.isInteger(job.used_walltime_seconds) && Number.isInteger(job.used_memory_bytes);
    const job = await run("./heat; until [ -e ../run-may-end ]; do sleep 0.05; done", isMeasured);
    writeFileSync(join(held.world.home, "pbsweb", "run-may-end"), "");
    for (let now = job; !hasEnded(now); ) now = await person.api("GET", `/jobs/${job.id}?wait=10&until=change`);
    await explaining("learned", held.world, person, async () => {
      const { page } = person;
      const { reasons } = await person.api("GET", `/applications/${application}/defaults?host=${host}`);
      assert.deepEqual(reasons.map(({ field }) => field), ["walltime", "mem"]);
      const [{ value: walltime }, { value: memory }] = reasons;

      await page.goto(`/compose?application=${application}&host=${host}`);
      await hasValue(page, "walltime", walltime);
      await hasValue(page, "chunks.mem", memory);
      await page.getByText("Filled from your last job of this application on this host.").waitFor();
      const why = page.getByText(`${walltime} is proposed for ${HOST}: the last good run used`);
      await why.waitFor();
      const described = await person.field("Walltime").getAttribute("aria-describedby");
      assert.ok(described.split(" ").includes(await why.getAttribute("id")), "the reason describes the field");
      await person.button(`Use ${walltime}`).waitFor({ state: "detached" });

      await person.field("Walltime").fill("0:30:00");
      await person.field("Memory").fill("3gb");
      await person.button(`Use ${memory}`).waitFor();
      await inEveryLook(person, "compose-learned");

      // What was typed is there again after a reload, and stays when the proposal comes.
      await page.reload();
      await person.button(`Use ${walltime}`).waitFor();
      await hasValue(page, "walltime", "0:30:00");
      await hasValue(page, "chunks.mem", "3gb");

      await person.button(`Use ${walltime}`).press("Enter");
      await hasValue(page, "walltime", walltime);
      await person.button(`Use ${walltime}`).waitFor({ state: "detached" });
      await page.waitForFunction(() => document.activeElement?.getAttribute("name") === "walltime");
      await hasValue(page, "chunks.mem", "3gb");
      const editor = new ComposeForm(page).editor;
      await page.waitForFunction(([area, line]) => area.value.includes(line), [await editor.elementHandle(), `walltime=${walltime}`]);
      await person.button("Undo").click();
      await hasValue(page, "walltime", "0:30:00");
    });
  });

  it("commands are pinned on top, and no longer", async () => {
    const { person, host, application, run } = await withApplication("pia");
    await run("./heat --old");
    await run("./heat --new");
    await explaining("pinned", held.world, person, async () => {
      const { page } = person;
      const list = page.getByRole("list", { name: "Commands used before" });
      const isFirst = (text) => list.getByRole("listitem").first().filter({ hasText: text }).waitFor();

      const address = `/compose?application=${application}&host=${host}`;
      await page.goto(address);
      await page.getByText("Used with this application before").click();
      await isFirst("./heat --new");
      await person.button("Pin ./heat --old").press("Enter");
      await isFirst("./heat --old");
      await hasFocus(page, "Unpin ./heat --old");
      await list.getByText(/^pinned, once, last /).waitFor();
      await inEveryLook(person, "compose-pinned");

      await page.goto(address);
      // Unfolded by itself.
      await isFirst("./heat --old");
      await person.field("Commands").fill("");
      await person.button("Insert ./heat --old").click();
      await hasValue(page, "commands", "./heat --old");

      await person.button("Unpin ./heat --old").click();
      await isFirst("./heat --new");
      await person.button("Pin ./heat --old").waitFor();
    });
  });

  it("a search is saved by name, chosen again, deleted, and taken back", async () => {
    const { person } = await readyPerson(held.world, "sue", "Sue");
    await explaining("searches", held.world, person, async () => {
      const { page } = person;
      const save = person.button("Save this search");
      const menu = page.getByLabel("Saved searches", { exact: true });
      const isChosen = (name) =>
        page.waitForFunction((name) => document.querySelector('[name="search"]')?.selectedOptions[0]?.label === name, name);
      const dialog = page.getByRole("dialog", { name: "Save this search" });

      // One that another program saved, by what is folded away here.
      await person.api("POST", "/me/searches", { name: "failed", filter: { exit_status: 1 } });
      await page.goto("/jobs");
      await person.heading("Jobs").waitFor();
      await menu.selectOption({ label: "failed" });
      await page.waitForURL(/\/jobs\?exit_status=1$/);
      await person.field("Exit status").waitFor();
      await hasValue(page, "exit_status", "1");
      await menu.selectOption({ label: "None of them" });
      await page.waitForURL(/\/jobs$/);
      await hasValue(page, "exit_status", "");
      assert.equal(await save.getAttribute("aria-disabled"), "true", "there is nothing to save yet");

      await page.getByLabel("State", { exact: true }).selectOption({ label: "Not ended" });
      await page.getByLabel("Search", { exact: true }).fill("heat 2");
      await page.waitForURL(/\/jobs\?state=active&text=heat%202$/);
      await save.press("Enter");
      await dialog.getByLabel("Name").fill("failed");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.getByRole("alert").filter({ hasText: "There is a search called failed." }).waitFor();
      await inEveryLook(person, "dialog-save-search");
      await dialog.getByLabel("Name").fill("running heat");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "hidden" });
      await isChosen("running heat");
      await hasFocus(page, "Save this search");
      await inEveryLook(person, "jobs-searches");

      await menu.selectOption({ label: "None of them" });
      await page.waitForURL(/\/jobs$/);
      await hasValue(page, "text", "");
      await page.getByLabel("Search", { exact: true }).fill("other");
      await page.waitForURL(/text=other$/);
      await menu.selectOption({ label: "running heat" });
      await page.waitForURL(/\/jobs\?state=active&text=heat%202$/);
      await hasValue(page, "text", "heat 2");
      await hasValue(page, "state", "active");

      await page.reload();
      await isChosen("running heat");
      await person.button("Delete the saved search").press("Enter");
      await person.notice("The search running heat is deleted.").waitFor();
      await isChosen("None of them");
      assert.match(page.url(), /text=heat%202$/, "what is shown stays");
      await page.getByRole("button", { name: "Undo" }).click();
      await isChosen("running heat");
    });
  });

  it("jobs are found by everything that is known of them, and exported so", async () => {
    const { person, host } = await readyPerson(held.world, "fay", "Fay");
    const held_job = (name, more) =>
      submitJob(person, { host, script: { name, walltime: "0:05:00", chunks: [{ ncpus: "1" }], commands: "true", hold: true, ...more } });
    const alpha = await held_job("alpha", { queue: "sequential" });
    await held_job("beta", {});
    await explaining("filters", held.world, person, async () => {
      const { page } = person;
      const link = (name) => page.getByRole("link", { name, exact: true });
      const gone = (name) => link(name).waitFor({ state: "hidden" });
      const unfold = (page) => page.locator("summary", { hasText: "More filters" }).click();
      await page.goto("/jobs");
      await link("beta").waitFor();
      await unfold(page);
      await person.field("Queue").fill("sequential");
      await page.waitForURL(/\/jobs\?queue=sequential$/);
      await gone("beta");
      await link("alpha").waitFor();
      for (const format of ["CSV", "JSON"]) {
        const address = await page.getByRole("link", { name: `Export as ${format}` }).getAttribute("href");
        const text = await (await person.context.request.get(address)).text();
        assert.ok(text.includes("alpha") && !text.includes("beta"), text);
      }
      await person.field("Exit status").fill("one");
      await page.getByText("A whole number, such as").waitFor();
      await inEveryLook(person, "jobs-filters");
      await person.field("Exit status").fill("0");
      await page.waitForURL(/queue=sequential&exit_status=0$/);
      await page.getByText("No job fits these filters").waitFor();
      await person.field("Exit status").fill("");
      await person.field("Submitted from").fill("2099-01-01T10:00");
      await page.waitForURL(/queue=sequential&since=2099-01-01T/);
      await page.getByText("No job fits these filters").waitFor();
      await person.field("Submitted from").fill("2020-01-01T10:00");
      await link("alpha").waitFor();
      // The same for whoever is given the address.
      await page.reload();
      await hasValue(page, "since", "2020-01-01T10:00");
      await hasValue(page, "queue", "sequential");
      await link("alpha").waitFor();
      await gone("beta");

      await page.goto(`/jobs/${alpha.id}?tab=script`);
      await link("Jobs of this script").click();
      await page.getByText("Only jobs of one script.").waitFor();
      await link("alpha").waitFor();
      await gone("beta");
      await person.button("Of all scripts").click();
      await link("beta").waitFor();

      const admin = await held.world.person();
      await admin.signIn("admin");
      await admin.page.goto("/jobs");
      await unfold(admin.page);
      await admin.field("Person").selectOption({ label: "fay" });
      await admin.page.getByText("Somebody else's jobs").waitFor();
      await admin.page.getByText("alpha", { exact: true }).waitFor();
      assert.equal(await admin.page.getByRole("link", { name: "alpha" }).count(), 0, "there is nothing more to see of it");
    });
  });
});
