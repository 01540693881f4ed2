// Large clusters: two thousand nodes, forty thousand jobs. They stay readable and quick, and everything is found.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { DESKTOP, PATIENCE_MS, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";
import { assertFits, assertUsable } from "./usable.mjs";

const N_NODES = 2_000;
const N_JOBS = 40_000;

const nodes = Array.from({ length: N_NODES }, (_, n) => `n${String(n).padStart(4, "0")}:8`);

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

/** From the click on the queues, at another page, to the frame in which a first job is painted: the page's own clock. */
function timeOfOwnJobs() {
  return new Promise((resolve) => {
    const start = performance.now();
    const watch = new MutationObserver(() => {
      if (!document.querySelector("tr[data-job]")) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    });
    watch.observe(document, { childList: true, subtree: true });
    const links = [...document.querySelectorAll("nav[aria-label=Main] a")];
    links.find((link) => link.textContent.trim() === "Queues").click();
  });
}

describe("two thousand nodes", () => {
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
    // Who cannot see or press the picture reads there which jobs are on a node.
    await ada.field("Search").fill("partly");
    await page.getByRole("table", { name: "Nodes" }).getByText(/^\d+\.\S+$/).waitFor();
    await ada.field("Search").fill("");
    const rows = page.getByRole("table", { name: "Nodes" }).locator("tbody tr");
    await rows.nth(99).waitFor();
    assert.equal(await rows.count(), 100);
    await ada.field("Search").fill("n1999");
    await page.waitForFunction(() => document.querySelectorAll("svg.node").length === 1);
    await rows.getByText("n1999", { exact: true }).waitFor();
  });
});

describe("forty thousand jobs on two thousand nodes", () => {
  const test = ada(["--nodes", nodes.join(), "--held-jobs", `eve:${N_JOBS}`], [{ name: "mine" }]);

  test("own jobs first, and any other by scrolling, in any order, by filters", async (ada, t) => {
    const { page } = ada;
    const table = page.getByRole("table", { name: "Jobs on" });
    const rows = table.locator("tr[data-job]");
    const frame = page.getByRole("region", { name: "Jobs on" });
    /** The names of the first and the last row in sight. */
    const inSight = async () => {
      const box = await frame.boundingBox();
      const places = await rows.evaluateAll((rows) =>
        rows.map((row) => {
          const { top, bottom } = row.getBoundingClientRect();
          return { top, bottom, name: row.querySelector("th").innerText.split("\n")[0] };
        }),
      );
      const seen = places.filter(({ top, bottom }) => bottom > box.y + 45 && top < box.y + box.height - 1);
      return [seen[0]?.name, seen.at(-1)?.name];
    };
    const see = async (place, name) => {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const seen = await inSight();
        if (seen.at(place) === name) return;
        assert.ok(Date.now() < deadline, `${name} is not in sight: ${seen}`);
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      }
    };

    await page.goto("/queues");
    await page.getByText(`${N_JOBS + 1} jobs, 1 of them yours`).waitFor({ timeout: 4 * PATIENCE_MS });
    const own = table.getByRole("link", { name: "mine" });
    // What takes long is the first listing; from then on the page is quick.
    const times = [];
    for (let n = 0; n < 5; n += 1) {
      await ada.mainLink("Jobs").click();
      await ada.heading("Jobs").waitFor();
      await page.getByRole("link", { name: "mine" }).waitFor();
      times.push(await page.evaluate(timeOfOwnJobs));
    }
    times.sort((a, b) => a - b);
    t.diagnostic(`own jobs of ${N_JOBS + 1} on the screen after the click: median ${times[2].toFixed(0)} ms, most ${times[4].toFixed(0)} ms`);
    await page.reload();
    await own.waitFor();
    await see(0, "mine");
    assert.ok((await rows.count()) <= 120, "only a part is drawn");
    assert.equal(await table.getAttribute("aria-rowcount"), String(N_JOBS + 2));
    await looks(ada, "scale-queues");

    // To the end by keyboard; the focus of a row that is no longer there goes to the list.
    await own.focus();
    await page.keyboard.press("End");
    await see(-1, `load${N_JOBS - 1}`);
    assert.equal(await rows.last().getAttribute("aria-rowindex"), String(N_JOBS + 2));
    assert.equal(await frame.evaluate((frame) => frame === document.activeElement), true);
    await page.keyboard.press("Home");
    await see(0, "mine");
    // The line below it says what is in sight, in a window of any size.
    const place = page.getByText(/^1 to \d+ of /);
    const last = async () => Number(/to (\d+) of/.exec(await place.textContent())[1]);
    const sized = async (height, isSo) => {
      await page.setViewportSize({ ...DESKTOP, height });
      const deadline = Date.now() + PATIENCE_MS;
      while (!isSo(await last())) assert.ok(Date.now() < deadline, `the line does not follow a window of ${height} pixels`);
    };
    const most = await last();
    await sized(DESKTOP.height / 2, (n) => n < most - 2);
    const fewer = await last();
    await sized(DESKTOP.height, (n) => n > fewer + 2);
    // And anywhere: what comes to be seen stays where it is.
    await frame.evaluate((frame) => frame.scrollTo(0, frame.scrollHeight / 2));
    await page.waitForFunction(() => {
      const index = Number(document.querySelector("tr[data-job]").getAttribute("aria-rowindex"));
      return index > 15_000 && index < 25_000;
    });

    // Another order, by a column's head or the field, and back by the address.
    await table.getByRole("button", { name: "Job" }).click();
    await see(0, "load0");
    assert.match(page.url(), /order=id/);
    assert.equal(await table.getByRole("columnheader", { name: "Job" }).getAttribute("aria-sort"), "ascending");
    await ada.field("Order").selectOption({ label: "Name, from the end" });
    await see(0, "mine");
    await ada.field("Group").selectOption({ label: "By owner" });
    await table.getByRole("rowheader", { name: "eve", exact: true }).waitFor();
    await rows.nth(1).getByText("load9999", { exact: true }).waitFor();
    await ada.field("Search").fill("load3999");
    await page.getByText(`11 of ${N_JOBS + 1} jobs fit the filter`).waitFor();
    assert.equal(await rows.count(), 11);
    await ada.field("Search").fill("nowhere");
    await page.getByText("No job fits the filter").waitFor();
  });

  test("the nodes beside them", async (ada) => {
    const { page } = ada;
    await page.goto("/nodes");
    await page.getByText(`2 of ${8 * N_NODES} in use`).waitFor({ timeout: 4 * PATIENCE_MS });
  });
});
