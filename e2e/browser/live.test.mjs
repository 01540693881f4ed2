// What a page says of itself and of hosts while one looks: that it is live, and when it is not; that a host is sick, wherever that
// matters.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HOST, PATIENCE_MS, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson } from "./setup.mjs";
import { assertFits, assertUsable } from "./usable.mjs";

const held = worldOfFile();

describe("what one looks at", () => {
  let made;
  const test = (name, body) =>
    it(name, async () => {
      made ??= readyPerson(held.world, "ada");
      const { person } = await made;
      await explaining(name, held.world, person, () => body(person, held.world));
    });
  const live = (page) => page.getByRole("banner").getByText("Live", { exact: true });
  const notLive = (page) => page.getByText(/^Not live since /);

  test("a server that hangs is told though its connection stays open, and the page goes on when it does", async ({ page }, world) => {
    await page.clock.install();
    await page.goto("/jobs");
    await live(page).waitFor();
    world.freezeServer(true);
    // Somebody waits for most of a minute.
    await page.clock.fastForward(60_000);
    await notLive(page).waitFor();
    assert.equal(await live(page).count(), 0);
    world.freezeServer(false);
    await live(page).waitFor();
    await notLive(page).waitFor({ state: "detached" });
  });

  test("a queue in which nothing happens is asked for again, so that its host is listed while one looks", async ({ page }) => {
    await page.goto("/queues");
    await page.getByText(/^The scheduler lists no jobs|^\d+ jobs?, /).first().waitFor();
    // A listing that brings something new would have it asked for, too.
    const asked = page.waitForRequest((request) => /\/hosts\/[^/]+\/jobs/.test(request.url()), { timeout: PATIENCE_MS });
    await page.clock.fastForward(31_000);
    await asked;
  });

  test("a sick host is told where one chooses it, and beside each of its jobs", async (ada, world) => {
    const { page } = ada;
    await page.goto("/compose");
    const host = ada.field("Host");
    const chosen = () => host.evaluate((select) => select.selectedOptions[0].textContent);
    await page.waitForFunction((name) => document.querySelector("#compose-host")?.selectedOptions[0]?.textContent === name, HOST);
    await world.fault("server-down");
    await page.waitForFunction((name) => document.querySelector("#compose-host").selectedOptions[0].textContent === name, `${HOST} (scheduler down)`);
    assert.equal(await chosen(), `${HOST} (scheduler down)`);
    const badge = page.getByText("Scheduler down", { exact: true });
    for (const path of ["/", "/queues", "/nodes", "/hosts"]) {
      await page.goto(path);
      await badge.first().waitFor();
      if (path === "/hosts") {
        // How it was before, too.
        await page.getByText("The last two weeks", { exact: true }).click();
        const row = (...texts) => texts.reduce((rows, hasText) => rows.filter({ hasText }), page.getByRole("row"));
        await row("Scheduler down", "Connection refused").first().waitFor();
        await row("Up", /\d ms/).first().waitFor();
      }
      if (path === "/nodes") {
        // Nobody has looked at them before: they have never been known.
        await page.getByText("The nodes are not known yet", { exact: true }).waitFor();
        await page.getByText(/^The last question was not answered: /).waitFor();
        assert.equal(await page.getByText(/being asked for|may be old/).count(), 0);
      }
      await ada.inEveryLook(`sick${path.replace("/", "-")}`, async (title, { width }) => {
        await assertUsable(ada, title);
        await assertFits(ada, title, width);
      });
    }
    // What was is not what is.
    await page.getByText("The last two weeks", { exact: true }).first().click();
    await world.fault("clear");
    await badge.first().waitFor({ state: "detached" });
  });
});
