// The output of jobs: as on a terminal, searched, and of a long one only what is looked at.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";

import { DESKTOP, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";

const held = worldOfFile();

let otto;
const somebody = (world) => (otto ??= readyPerson(world, "otto", "Otto"));
const script = (name, commands) => ({ name, walltime: "0:05:00", chunks: [{ ncpus: "1" }], commands });
const hasEnded = ({ state }) => state === "completed";
const isRunning = ({ state }) => state === "running";

/** A story of somebody in front of the output of a job. */
function story(name, commands, isSo, body) {
  it(name, async () => {
    const { person, host } = await somebody(held.world);
    await explaining(name, held.world, person, async () => {
      const job = await submitJob(person, { host, script: script(name.replaceAll(/\W/g, "-"), commands) }, isSo);
      await person.page.goto(`/jobs/${job.id}?tab=stdout`);
      await body(person, person.page.getByRole("region", { name: "Text of standard output" }), job);
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

const COLOURS = String.raw`
printf 'plain <b>&amp; \033[1;31mfailed\033[0m \033[32mpassed\033[m \033[7minverse\033[27m\n'
for c in 0 1 2 3 4 5 6 7; do printf '\033[3%smcolour\033[9%smbright\033[0m\033[4%smground\033[0m ' $c $c $c; done; echo
printf '\033[38;5;208morange\033[38;2;90;200;90mmint\033[0m \033[2mdim\033[0m \033[3mitalic\033[0m \033[4munder\033[0m \033[9mstruck\033[0m\n'
printf '\033]0;a title\007\033(B\033[?25l10 %%\r50 %%\r100 %%\n\033[?25h'
printf 'no \377 text\n'
for n in 1 2 3; do echo "needle $n, NEEDLE"; done
`;

describe("output", () => {
  story("colours, progress, search", COLOURS, hasEnded, async (person, text) => {
    const { page } = person;
    await text.getByText("needle 3").waitFor();
    await page.getByText(/, complete$/).waitFor();
    const shown = await text.innerText();
    assert.ok(shown.startsWith("plain <b>&amp; failed passed inverse\n"), shown);
    assert.match(shown, /^100 %$/m);
    assert.doesNotMatch(shown, /\u001b|title|10 %|\?25|\(B/);
    assert.match(shown, /^no \ufffd text$/m);
    const look = (words) => text.getByText(words, { exact: true }).first().evaluate((element) => {
      const { color, fontWeight } = getComputedStyle(element);
      return { color, fontWeight };
    });
    assert.equal((await look("failed")).fontWeight, "700");
    assert.notEqual((await look("failed")).color, (await look("passed")).color);
    await person.inEveryLook("output-colours", (title, viewport) => assertClean(person, title, viewport));
    const search = page.getByLabel("Search in what is shown");
    const place = page.getByRole("search").getByRole("status");
    await search.fill("haystack");
    await place.getByText("not found").waitFor();
    await search.fill("needle");
    await place.getByText("6 found").waitFor();
    assert.equal(await text.locator("mark").count(), 6);
    await search.press("Enter");
    await place.getByText("1 of 6").waitFor();
    await person.button("Next match").click();
    await place.getByText("2 of 6").waitFor();
    assert.equal(await text.locator("mark[data-current]").innerText(), "NEEDLE");
    await person.button("Previous match").click();
    await search.press("Shift+Enter");
    await place.getByText("6 of 6").waitFor();
    await person.inEveryLook("output-search", (title, viewport) => assertClean(person, title, viewport));
    await search.fill("");
    await text.locator("mark").first().waitFor({ state: "hidden" });
    assert.equal(await text.innerText(), shown);
  });

  story("a progress bar and matches as they come", "echo begin; while [ ! -e ~/step-1 ]; do sleep 0.1; done; printf '\\r 1 %%'; "
    + "while [ ! -e ~/step-2 ]; do sleep 0.1; done; printf '\\r99 %%\\nmatch\\n'", isRunning, async (person, text) => {
    const { page } = person;
    await text.getByText("begin").waitFor();
    await page.getByLabel("Search in what is shown").fill("match");
    const place = page.getByRole("search").getByRole("status");
    await place.getByText("not found").waitFor();
    writeFileSync(join(held.world.home, "step-1"), "");
    await page.waitForFunction(() => document.querySelector(".live-text pre").textContent === "begin\n 1 %");
    writeFileSync(join(held.world.home, "step-2"), "");
    await page.waitForFunction(() => document.querySelector(".live-text pre").textContent === "begin\n99 %\nmatch\n");
    await place.getByText("1 found").waitFor();
  });

  story("a file that is written anew", "echo first words; while [ ! -e ~/anew ]; do sleep 0.1; done", isRunning, async (person, text, job) => {
    const { page } = person;
    const file = join(held.world.home, `pbsweb/.jobs/${job.id}/stdout`);
    const reads = (words) => page.waitForFunction((words) => document.querySelector(".live-text pre").textContent === words, words);
    await text.getByText("first words").waitFor();
    // Cut short; then another one that is longer, of which the beginning is not to be missing.
    writeFileSync(file, "second\n");
    await reads("second\n");
    await page.getByText("The file was begun anew.").waitFor();
    const third = `${"third ".repeat(40)}\n`;
    writeFileSync(file, third);
    await reads(third);
    writeFileSync(join(held.world.home, "anew"), "");
    await page.getByText(/, complete/).waitFor();
    assert.equal(await text.textContent(), third);
    // The server breaks off an answer whose file is another one; the browser says so.
    for (const error of held.world.takeErrors()) assert.match(error, /ERR_HTTP2_PROTOCOL_ERROR .*\/output\/stdout\?/);
  });

  // Ten million bytes, a number in each line.
  story("a long text", "seq -f 'line %06.0f of a text that is much longer than a page' 1 180000", hasEnded, async (person, text) => {
    const { page } = person;
    await text.getByText("line 180000 of").waitFor();
    const first = async () => Number(/line (\d{6})/.exec(await text.textContent())[1]);
    const missing = page.getByText(/^The first \d+\.\d MiB are not shown here\.$/);
    const before = [await first(), await missing.innerText()];
    assert.ok(before[0] > 170_000, `begins with ${before[0]}`);
    await person.inEveryLook("output-long", (title, viewport) => assertClean(person, title, viewport));
    const place = page.getByRole("search").getByRole("status");
    await page.getByLabel("Search in what is shown").fill("line 179999");
    await place.getByText("1 found").waitFor();
    await page.getByLabel("Search in what is shown").press("Enter");
    await place.getByText("1 of 1").waitFor();
    await person.button("Show more of it").click();
    await page.waitForFunction((words) => !document.body.innerText.includes(words), before[1]);
    await missing.waitFor();
    await place.getByText("1 of 1").waitFor();
    assert.ok((await first()) < before[0], "it begins earlier");
    // Not a line is missing or doubled where the parts meet.
    const numbers = [...(await text.textContent()).matchAll(/line (\d{6}) of/g)].map((match) => Number(match[1]));
    assert.deepEqual(numbers, Array.from(numbers, (_, i) => numbers[0] + i));
    assert.equal(numbers.at(-1), 180_000);

    // What is not on the page is found where it is, and shown.
    await page.getByLabel("Search in what is shown").fill("line 000123");
    await place.getByText("not found").waitFor();
    await person.button("Search in all of it").click();
    const found = page.getByRole("region", { name: "Found in all of it" });
    await found.getByText(/^“line 000123”: 1 place in all \d+\.\d MiB\.$/).waitFor();
    await found.getByRole("button", { name: /^Line 123/ }).press("Enter");
    const around = found.getByRole("region", { name: "Around line 123" });
    await around.getByText("line 000124 of").waitFor();
    assert.equal(await around.locator("mark").innerText(), "line 000123");
    await person.inEveryLook("output-found", (title, viewport) => assertClean(person, title, viewport));
    await page.getByLabel("Search in what is shown").fill("LINE 0000");
    await person.button("Search in all of it").click();
    await found.getByText(/the first 50 places/).waitFor();
    await found.getByRole("button", { name: "Search on" }).click();
    await found.getByText(/: 99 places in all/).waitFor();
    await found.getByRole("button", { name: "Close" }).click();
    await found.waitFor({ state: "hidden" });
  });

  it("of an array, that of the job whose index is said", async () => {
    const { person, host } = await somebody(held.world);
    await explaining("array", held.world, person, async () => {
      const { page } = person;
      const commands = 'echo "I am $PBS_ARRAY_INDEX"; echo "no $PBS_ARRAY_INDEX" >&2';
      const job = await submitJob(person, { host, script: { ...script("sweep", commands), array: "1-3" } }, hasEnded);
      await page.goto(`/jobs/${job.id}`);
      await page.getByText("Of which job of the array?").waitFor();
      assert.equal(await page.getByRole("link", { name: "Download" }).count(), 0);
      await page.getByRole("link", { name: "Output of 2" }).press("Enter");
      await page.getByText("I am 2", { exact: true }).waitFor();
      const field = person.field("Index in the array");
      assert.equal(await field.inputValue(), "2");
      assert.match(await page.getByRole("link", { name: "Download" }).getAttribute("href"), /stdout\?index=2$/);
      await person.inEveryLook("output-array", (title, viewport) => assertClean(person, title, viewport));
      await field.fill("3");
      await page.getByText("I am 3", { exact: true }).waitFor();
      await page.getByRole("link", { name: "Errors", exact: true }).click();
      await page.getByText("no 3", { exact: true }).waitFor();
      await page.reload();
      await page.getByText("Of which job of the array?").waitFor();
      await field.fill("1");
      await page.getByText("no 1", { exact: true }).waitFor();
      await field.fill("");
      await page.getByText("Of which job of the array?").waitFor();
      await field.fill("9");
      await page.getByText(/not on the host/).waitFor();
    });
  });
});
