// The form and the script's text are two views of one draft: each follows the other, and nothing that was typed is lost.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";

import { ComposeForm, timesOfKeys } from "./compose.mjs";
import { HOST, explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";

const held = worldOfFile();

/** A script with an order, a spacing and comments of its own, and with something that is no option. */
const SCRIPT = `#!/bin/bash
# Runs the flow; ask Grace before changing it.
#PBS  -N heat-flow   -q workq
#PBS -l   select=2:ncpus=2:mem=200mb
   #PBS -l walltime=00:05:00
#PBS -j oe stray

# The mesh is made first.
if [ -n "$MESH" ]; then   ./mesh "$MESH"  # slow
fi
./heat   --steps 100
`;

/** The text with one line changed. */
const withLine = (text, number, line) => text.split("\n").with(number - 1, line).join("\n");

describe("the script and the form are one", () => {
  let ada;
  let host;
  let form;

  before(async () => {
    const ready = await readyPerson(held.world, "ada", "Ada");
    [ada, host] = [ready.person, ready.host];
    form = new ComposeForm(ada.page);
    await ada.context.addInitScript(() => {
      if (sessionStorage.getItem("forget")) localStorage.clear();
      sessionStorage.removeItem("forget");
    });
  });

  /** The page of a new job, with this script in it. */
  async function compose(script) {
    // The draft before is kept when its page is left: it is forgotten when the next one begins.
    if (ada.page.url() !== "about:blank") await ada.page.evaluate(() => sessionStorage.setItem("forget", "yes"));
    // What a new job starts with comes later than the page; it must not come while we type.
    await Promise.all([ada.page.waitForResponse(/\/scripts\/suggestion/), ada.page.goto("/compose")]);
    await form.queue("workq").waitFor();
    if (script !== undefined) await put(script);
  }

  /** As a paste does it: with one event. (Chromium tells of each line that Playwright fills in.) */
  const put = (script) =>
    form.editor.evaluate((area, script) => {
      area.focus();
      area.setRangeText(script, 0, area.value.length, "end");
      area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }, script);

  const test = (name, body) => it(name, (t) => explaining(name, held.world, ada, () => body(ada.page, t)));
  const select = (start, end = start) =>
    form.editor.evaluate((area, range) => (area.focus(), area.setSelectionRange(...range)), [start, end]);
  const selection = () => form.editor.evaluate((area) => [area.selectionStart, area.selectionEnd]);
  const text = (expected) => ada.page.waitForFunction((expected) => document.querySelector(".script-text")?.value === expected, expected);
  const findings = () => ada.page.getByRole("list", { name: "Findings in the text" });
  const list = () => ada.page.getByRole("listbox", { name: "What may follow" });
  const chosen = () => list().getByRole("option", { selected: true });
  const value = async (label, expected) => {
    const control = await form.control(label).and(ada.page.locator("input, textarea")).elementHandle();
    await ada.page.waitForFunction(([control, expected]) => control.value === expected, [control, expected]);
  };

  test("the fields follow the text, and a field changes only its own line of it", async () => {
    await compose(SCRIPT);
    await form.assertShows({
      Name: "heat-flow",
      Queue: "workq",
      Walltime: "00:05:00",
      chunks: [{ Chunks: "2", Processors: "2", Memory: "200mb" }],
      "Join output and errors": "Both into the output file (oe)",
      Shell: "",
      "Working directory": "~",
      "Extra directives": "stray",
      Commands: SCRIPT.slice(SCRIPT.indexOf("# The mesh"), -1),
    });
    assert.equal(await form.script(), SCRIPT);

    await form.fill({ Walltime: "0:07:30" });
    const changed = withLine(SCRIPT, 5, "   #PBS -l walltime=00:07:30");
    await text(changed);
    await form.control("Name").fill("hot");
    await text(withLine(changed, 3, "#PBS  -N hot   -q workq"));
    await form.fill({ Account: "acct-7" });
    const added = withLine(changed, 3, "#PBS  -N hot   -q workq").replace("-j oe stray\n", "-j oe stray\n#PBS -A acct-7\n");
    await text(added);
    await form.fill({ Account: "" });
    await text(withLine(changed, 3, "#PBS  -N hot   -q workq"));
  });

  test("what is not understood stays in its place, and is pointed at", async (page) => {
    await compose(SCRIPT);
    const finding = findings().getByRole("listitem").filter({ hasText: "stray" });
    await finding.getByRole("button", { name: "Line 6" }).click();
    const place = SCRIPT.indexOf("stray");
    assert.deepEqual(await selection(), [place, place]);
    assert.equal(await page.locator(".script-gutter [data-mark=error]").innerText(), "6");
    assert.equal(await page.locator(".script-line").nth(5).locator("[data-mark]").innerText(), "stray");
    await finding.getByRole("button", { name: "Field" }).click();
    await page.waitForFunction(() => document.activeElement.name === "extra_directives");
    // Mended in the text, it is gone from both.
    await put(SCRIPT.replace(" stray", ""));
    await finding.waitFor({ state: "detached" });
    await value("Extra directives", "");
  });

  test("the cursor and the selection stay where they are", async (page) => {
    await compose(SCRIPT);
    const end = SCRIPT.indexOf("heat-flow") + "heat-flow".length;
    await select(end);
    for (const [index, letter] of [..."-2é"].entries()) {
      await page.keyboard.type(letter);
      await value("Name", `heat-flow${"-2é".slice(0, index + 1)}`);
      assert.deepEqual(await selection(), [end + index + 1, end + index + 1]);
    }
    await page.keyboard.press("Backspace");
    await value("Name", "heat-flow-2");
    assert.deepEqual(await selection(), [end + 2, end + 2]);
    // What is selected stays selected while a field before it changes.
    const typed = await form.script();
    const steps = typed.indexOf("--steps");
    await select(steps, steps + 7);
    await form.control("Name").fill("x");
    await text(typed.replace("heat-flow-2", "x"));
    const moved = steps - "heat-flow-2".length + 1;
    assert.deepEqual(await selection(), [moved, moved + 7]);
  });

  test("an emptied script stays empty until something is typed", async (page) => {
    await compose(SCRIPT);
    await form.editor.focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Delete");
    await value("Name", "");
    assert.equal(await form.script(), "");
    await page.keyboard.type("#!/bin/sh\n#PBS -N anew\ntrue\n");
    await value("Name", "anew");
    assert.equal(await form.script(), "#!/bin/sh\n#PBS -N anew\ntrue\n");
    await value("Commands", "true");
  });

  test("every change can be undone and done again, wherever it was made", async (page) => {
    await compose(SCRIPT);
    // Another line than the one where the script's own end was put in: a step of its own.
    const before = SCRIPT.slice(0, -1);
    await select(before.length);
    await page.keyboard.type(" --after");
    await value("Walltime", "00:05:00");
    await form.unfold();
    await form.fill({ Walltime: "1:00:00", Priority: "5" });
    const last = await form.script();
    assert.match(last, /walltime=01:00:00[^]*-p 5[^]*after\n$/);
    await form.editor.focus();
    await page.keyboard.press("Control+z");
    await value("Priority", "");
    await page.keyboard.press("Control+z");
    await value("Walltime", "00:05:00");
    assert.equal(await form.script(), `${before} --after\n`);
    await ada.button("Undo").click();
    await text(SCRIPT);
    await ada.button("Redo").click();
    await text(`${before} --after\n`);
    // Outside of all controls too.
    await ada.heading("New job").click();
    await page.keyboard.press("Control+Shift+Z");
    await value("Walltime", "1:00:00");
    await page.keyboard.press("Control+Shift+Z");
    await text(last);
    assert.equal(await ada.button("Redo").getAttribute("aria-disabled"), "true");
    await page.keyboard.press("Control+z");
    await value("Priority", "");
    // A new change ends what could be done again.
    await form.fill({ Name: "other" });
    assert.equal(await ada.button("Redo").getAttribute("aria-disabled"), "true");
  });

  test("what may follow is offered, and chosen by keyboard", async (page) => {
    await compose("#!/bin/bash\n\n");
    await select("#!/bin/bash\n".length);
    await page.keyboard.type("#P");
    await chosen().filter({ hasText: "#PBS" }).waitFor();
    assert.equal(await form.editor.getAttribute("aria-activedescendant"), await chosen().getAttribute("id"));
    await page.keyboard.press("Tab");
    await page.keyboard.type("-q");
    await chosen().filter({ hasText: "-q" }).waitFor({ state: "detached" });
    // A value is missing: the queues of the host are offered.
    await page.keyboard.type(" ");
    const first = await chosen().locator("code").innerText();
    await page.keyboard.press("ArrowDown");
    const second = await chosen().locator("code").innerText();
    assert.notEqual(second, first);
    await page.keyboard.press("ArrowUp");
    assert.equal(await chosen().locator("code").innerText(), first);
    const offered = await list().locator("code").allInnerTexts();
    assert.ok(offered.includes("workq"), offered.join());
    for (let at = 0; at < offered.indexOf("workq"); at += 1) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await text("#!/bin/bash\n#PBS -q workq\n");
    await form.queue("workq").and(page.locator(":checked")).waitFor();
    await list().getByRole("option").first().waitFor({ state: "detached" });
    // Enter is a line end again, and Escape puts the offer away.
    await page.keyboard.press("Enter");
    await page.keyboard.type("#PBS -l wallt");
    await chosen().filter({ hasText: "walltime=" }).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`), []);
    await page.keyboard.press("Escape");
    await list().getByRole("option").first().waitFor({ state: "detached" });
    await page.keyboard.press("Tab");
    assert.notEqual(await page.evaluate(() => document.activeElement.name), "script_text");
    // Asked for, everything is offered; a press takes it.
    await form.editor.focus();
    await page.keyboard.press("Control+Space");
    await list().getByRole("option", { name: /^walltime=/ }).click();
    await text("#!/bin/bash\n#PBS -q workq\n#PBS -l walltime=\n");
    await page.keyboard.type("1:30:00");
    await value("Walltime", "1:30:00");
  });

  test("findings are reached by keyboard, in the text and from the list", async (page) => {
    await compose(SCRIPT.replace("00:05:00", "soon"));
    await select(0);
    await page.keyboard.press("F8");
    const line = () => form.editor.evaluate((area) => area.value.slice(0, area.selectionStart).split("\n").length);
    const first = await line();
    await page.getByRole("status").filter({ hasText: `Line ${first}: ` }).waitFor({ state: "attached" });
    const seen = new Set([first]);
    for (let n = 0; n < 8; n += 1) {
      await page.keyboard.press("F8");
      seen.add(await line());
    }
    assert.ok(seen.has(5) && seen.has(6), [...seen].join());
    const walltime = findings().getByRole("listitem").filter({ hasText: /walltime/i }).first();
    await walltime.getByRole("button", { name: "Line 5" }).press("Enter");
    assert.equal(await line(), 5);
    await walltime.getByRole("button", { name: "Field" }).press("Enter");
    await page.waitForFunction(() => document.activeElement.name === "walltime");
    // Beside Submit only how much it is, which leads to the first.
    const bar = page.getByRole("region", { name: "Submit", exact: true });
    const words = await walltime.locator("span").innerText();
    assert.ok(!(await bar.innerText()).includes(words), "the same words once more");
    await form.control("Name").focus();
    await bar.getByRole("button", { name: /^2 errors/ }).press("Enter");
    await page.waitForFunction(() => document.activeElement.name === "walltime");
    assert.equal(await form.control("Walltime").getAttribute("aria-invalid"), "true");
  });

  test("a draft survives a reload, text and fields", async (page) => {
    await compose(SCRIPT);
    await form.fill({ Walltime: "00:09:00", "Name in the history": "mine" });
    await page.reload();
    await form.queue("workq").waitFor();
    await text(SCRIPT.replace("00:05:00", "00:09:00"));
    await value("Name in the history", "mine");
    // So does one that is left within the page, however soon.
    await form.fill({ Name: "left" });
    await ada.mainLink("Jobs").click();
    await ada.heading("Jobs").waitFor();
    await ada.mainLink("New job").click();
    await form.queue("workq").waitFor();
    await value("Name", "left");
  });

  test("a double click sends one job", async (page) => {
    await compose(SCRIPT.replace(" stray", "").replace("heat-flow", "once"));
    await page.getByRole("button", { name: "Submit job" }).evaluate((button) => {
      button.click();
      button.click();
    });
    await ada.heading("Job once").waitFor();
    const jobs = await ada.api("GET", "/jobs");
    assert.equal(jobs.items.filter(({ name }) => name === "once").length, 1);
  });

  test("the same as last time, but with a change: two clicks", async (page) => {
    const hasEnded = ({ state }) => ["completed", "failed"].includes(state);
    const script = { text: SCRIPT.replace(" stray", "").replace("heat-flow", "again"), name: "again", queue: "workq" };
    const read = await ada.api("POST", "/scripts/parse", { text: script.text });
    const first = await submitJob(ada, { host, script: read.draft }, hasEnded);
    await page.goto("/");
    await page.getByRole("link", { name: "Again, but… again", exact: true }).first().click();
    await text(script.text);
    await form.assertShows({
      Host: HOST,
      Name: "again",
      Queue: "workq",
      Walltime: "00:05:00",
      chunks: [{ Chunks: "2", Processors: "2", Memory: "200mb" }],
      "Join output and errors": "Both into the output file (oe)",
      "Working directory": "~",
      Commands: script.text.slice(script.text.indexOf("# The mesh"), -1),
    });
    await form.submit();
    await ada.heading("Job again").waitFor();
    assert.ok(!page.url().includes(first.id));
  });

  test("characters that have no place in a script are pointed at, and not lost", async (page) => {
    const odd = "#!/bin/sh\n#PBS -N odd\necho 'a\u0000b'\necho '\u001b[31m'\necho '\u202eabc'\n";
    await compose(odd);
    for (const words of [/NUL/, /control characters/, /text direction/]) {
      await findings().getByRole("listitem").filter({ hasText: words }).first().waitFor();
    }
    assert.equal(await form.script(), odd);
    await form.fill({ Name: "odder" });
    await text(odd.replace("odd", "odder"));
    await page.reload();
    await text(odd.replace("odd", "odder"));
  });

  test("a paste of ten megabytes is refused in words, at once, and nothing is lost", async (page, t) => {
    await compose(SCRIPT);
    const paste = (control) =>
      control.evaluate(async (area) => {
        const data = new DataTransfer();
        data.setData("text/plain", `echo ${"x".repeat(90)}\n`.repeat(105_000));
        const start = performance.now();
        area.focus();
        const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
        if (area.dispatchEvent(event)) throw new Error("the browser would put it in");
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        return performance.now() - start;
      });
    for (const [control, error] of [[form.editor, "#compose-script-error"], [form.control("Commands"), "#compose-commands-error"]]) {
      const milliseconds = await paste(control);
      t.diagnostic(`ten megabytes, pasted: refused in ${milliseconds.toFixed(0)} ms`);
      await page.locator(error).filter({ hasText: /10080000 bytes were pasted; a script may have at most 1048576/ }).waitFor();
      assert.equal(await form.script(), SCRIPT);
    }
    // What comes in another way is not taken either.
    await form.editor.evaluate((area) => {
      area.value = "y".repeat(1_100_000);
      area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    });
    await page.locator("#compose-script-error").filter({ hasText: "1100000 bytes" }).waitFor();
    assert.equal(await form.script(), SCRIPT);
    await select(SCRIPT.length);
    await page.keyboard.type("true");
    await value("Commands", `${SCRIPT.slice(SCRIPT.indexOf("# The mesh"))}true`);
    await page.locator("#compose-script-error").filter({ hasText: "bytes" }).waitFor({ state: "detached" });
  });

  test("a long script is shown plainly, and read when typing pauses", async (page) => {
    await compose(`${SCRIPT.replace(" stray", "")}${"echo one more line of work\n".repeat(5000)}`);
    const long = await form.script();
    await value("Name", "heat-flow");
    await page.locator(".script-editor[data-plain]").waitFor();
    await select(long.indexOf("heat-flow"));
    await page.keyboard.type("pre");
    await value("Name", "preheat-flow");
    // Leaving the text does not wait for the pause.
    await page.keyboard.type("s");
    await form.control("Walltime").fill("1:00:00");
    await value("Name", "presheat-flow");
    await text(long.replace("heat-flow", "presheat-flow").replace("00:05:00", "01:00:00"));
  });

  test("the colours follow the text as it is scrolled", async (page) => {
    await compose(`#!/bin/sh\n${Array.from({ length: 400 }, (_, n) => `echo 'line ${n + 2}'`).join("\n")}\n`);
    await form.editor.evaluate((area) => (area.scrollTop = area.scrollHeight / 2));
    await page.locator(".script-line").filter({ hasText: "line 201'" }).waitFor();
    const painted = await page.locator(".script-line").count();
    assert.ok(painted < 80, `${painted} lines are painted`);
    // Each line in colours comes to stand where the text area has it.
    await page.waitForFunction(() => {
      const area = document.querySelector(".script-text");
      const line = [...document.querySelectorAll(".script-line")].find((line) => line.textContent === "echo 'line 201'");
      const { paddingTop, lineHeight } = getComputedStyle(area);
      const top = area.getBoundingClientRect().top + parseFloat(paddingTop) + 200 * parseFloat(lineHeight) - area.scrollTop;
      return line !== undefined && Math.abs(line.getBoundingClientRect().top - top) < 1;
    });
    // Nothing puts the move off to a later frame.
    const transition = await page.locator(".script-stack .script-rows").evaluate((rows) => getComputedStyle(rows).transitionProperty);
    assert.equal(transition, "none");
  });

  test("what is offered stays with its line, and goes when that is out of view", async (page) => {
    await compose(`#!/bin/sh\n\n${"echo work\n".repeat(400)}`);
    await select("#!/bin/sh\n".length);
    await page.keyboard.type("#P");
    await chosen().filter({ hasText: "#PBS" }).waitFor();
    const top = async () => (await list().boundingBox()).y;
    const before = await top();
    await form.editor.evaluate((area) => (area.scrollTop = 10));
    await page.waitForFunction(([list, y]) => Math.abs(list.getBoundingClientRect().y - y) < 1, [await list().elementHandle(), before - 10]);
    assert.ok(await chosen().isVisible());
    await form.editor.evaluate((area) => (area.scrollTop = 2000));
    await list().getByRole("option").first().waitFor({ state: "detached" });
  });

  test("with all fields in use a key in text or form is read; what it costs is told", async (page, t) => {
    await compose(SCRIPT.replace(" stray", "") + "echo work\n".repeat(280));
    await form.unfold();
    await form.fill({
      Name: "all",
      chunks: [{ Chunks: "2", Processors: "2", "MPI processes": "2", Memory: "200mb" }, { Chunks: "1", Processors: "4" }],
      "Output file": "out.txt",
      "Error file": "err.txt",
      "Mail to": "ada@example.org",
      "it ends": true,
      "Start after": "2037-01-02T03:04",
      Priority: "10",
      Hold: true,
      Account: "acct-7",
      Project: "physics",
      Placement: "free",
      "File permissions": "027",
      Checkpoints: "s",
      variables: [{ Variable: "COLOUR", Value: "it's" }, { Variable: "STEPS", Value: "100" }],
      dependencies: [{ When: "after they have ended (afterany)", Jobs: "1.server" }],
    });
    const script = await form.script();
    for (const [what, control, at] of [
      ["a directive of the text", form.editor, script.indexOf("-N all") + 6],
      ["the commands in the text", form.editor, script.length],
      ["a field", form.control("Account"), 0],
      ["the field of commands", form.control("Commands"), 0],
    ]) {
      const { laidOut } = await timesOfKeys(control, at, 60);
      const sorted = laidOut.sort((a, b) => a - b);
      const [median, p95, most] = [0.5, 0.95, 1].map((part) => sorted[Math.ceil(sorted.length * part) - 1].toFixed(1));
      t.diagnostic(`a key in ${what}, ${script.split("\n").length} lines: median ${median} ms, p95 ${p95} ms, most ${most} ms`);
    }
    assert.match(await form.script(), /^#PBS {2}-N allx{60} /m);
  });

  test("it looks right, wide and narrow, in both themes", async (page) => {
    await compose(SCRIPT.replace("00:05:00", "soon"));
    await form.unfold();
    const problems = [];
    await ada.inEveryLook("editor", async (title, { width }) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      problems.push(...violations.map(({ id, nodes }) => `${title}: ${id}: ${nodes.map(({ html }) => html.slice(0, 200))}`));
      if ((await page.evaluate(() => document.documentElement.scrollWidth)) > width) problems.push(`${title} is too wide`);
      await select((await form.script()).indexOf("#PBS -j"));
      await page.keyboard.type("#PBS -W um");
      await chosen().waitFor();
      await ada.picture(`${title}-offers`);
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+z");
      await put(SCRIPT.replace("00:05:00", "soon"));
    });
    assert.deepEqual(problems, []);
  });
});
