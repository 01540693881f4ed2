// The form of a new job, as a reader sees it: every control by its label, filled and read back.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

import { PATIENCE_MS } from "./harness.mjs";

/** Sections that are folded until something is in them. */
const SECTIONS = ["Output", "Mail", "Dependencies", "Array", "Environment variables", "Schedule and priority", "Advanced", "Everything else"];

/** Every single-valued control of the form: text, menus, boxes to tick. */
const TEXTS = [
  ...["Name", "Walltime", "Commands", "Output file", "Error file", "Mail to", "Array", "Start after", "Priority"],
  ...["Account", "Project", "Placement", "Shell", "Working directory", "Extra directives", "Name in the history"],
  ...["File permissions", "Stage out", "Checkpoints"],
];
const MENUS = ["Host", "Application", "Join output and errors", "May be run again"];
const TICKS = [
  ...["it is aborted", "it begins", "it ends", "also for each subjob of an array", "never, not even when it is aborted"],
  ...["Hold", "No note of the exit status"],
];
/** The controls of a kind of chunk. */
const CHUNK = ["Chunks", "Processors", "MPI processes", "OpenMP threads", "Memory", "GPUs", "Other resources"];

/**
 * Presses a key `n` times from a place on. `laidOut`: for each the milliseconds from the key until everything that follows from it is
 * there and laid out, which is what has to fit into a frame. `painted`: until the next frame is painted, which has waited for its turn.
 * The page's own clock, with a measure of each in its timeline. Real keys: a text area whose text is set by a program is built anew
 * by the browser, line by line.
 */
export async function timesOfKeys(control, at, n) {
  const page = control.page();
  const times = await control.evaluateHandle((control, at) => {
    control.focus();
    control.setSelectionRange(at, at);
    const times = { laidOut: [], painted: [], nUnseen: 0 };
    const text = document.querySelector(".script-text");
    const painted = document.querySelector(".script-stack .script-rows");
    const shown = () => text.value + (control === text ? painted.textContent : "");
    // Behind everything that was put off to a microtask, and what that put off in turn.
    const settled = async () => {
      for (let turn = 0; turn < 100; turn += 1) await null;
    };
    const pressed = () => {
      const start = performance.now();
      const before = shown();
      const put = async () => {
        await settled();
        document.body.getBoundingClientRect();
        times.laidOut.push(performance.measure("pbsweb:key", { start }).duration);
        times.nUnseen += shown() === before;
        requestAnimationFrame(() => setTimeout(() => times.painted.push(performance.now() - start)));
      };
      control.addEventListener("input", put, { once: true });
    };
    control.addEventListener("keydown", pressed);
    times.end = () => control.removeEventListener("keydown", pressed);
    return times;
  }, at);
  for (let index = 0; index < n; index += 1) {
    await page.keyboard.press("x");
    await times.evaluate(({ painted }, n) => new Promise((resolve) => {
      const look = () => (painted.length > n ? resolve() : setTimeout(look));
      look();
    }), index);
  }
  const { laidOut, painted, nUnseen } = await times.evaluate((times) => {
    times.end();
    return { ...times, end: undefined };
  });
  assert.equal(nUnseen, 0, "keys were laid out, and nothing had changed");
  return { laidOut, painted };
}

export class ComposeForm {
  constructor(page) {
    this.page = page;
  }

  control(label, within = this.page) {
    return within.getByLabel(label, { exact: true });
  }

  chunk(number) {
    return this.page.getByRole("group", { name: `Kind ${number} of chunk`, exact: true });
  }

  variable(number) {
    return this.page.getByRole("group", { name: `Variable ${number}`, exact: true });
  }

  dependency(number) {
    return this.page.getByRole("group", { name: `Dependency ${number}`, exact: true });
  }

  /** Unfolds every section. */
  async unfold() {
    for (const name of SECTIONS) {
      const title = this.page.getByRole("group").getByText(name, { exact: true }).first();
      // What comes late may open it just before the click, which would fold it.
      const isOpen = () => title.evaluate((title) => title.closest("details").open);
      while (!(await isOpen())) await title.click();
    }
  }

  /** Types `wanted` into the form, field by field. */
  async fill(wanted) {
    for (const label of TEXTS) if (label in wanted) await this.control(label).fill(wanted[label]);
    for (const label of MENUS) if (label in wanted) await this.control(label).selectOption({ label: wanted[label] });
    for (const label of TICKS) if (label in wanted) await this.control(label).setChecked(wanted[label]);
    if ("Queue" in wanted) await this.queue(wanted.Queue).check();
    await this.#rows(wanted.chunks, "kind", "of chunk", /^(Ask for resources|Add another kind of chunk)$/, (n) => this.chunk(n));
    await this.#rows(wanted.variables, "variable", "", "Add a variable", (n) => this.variable(n));
    await this.#rows(wanted.dependencies, "dependency", "", "Add a dependency", (n) => this.dependency(n));
  }

  async #rows(rows, what, tail, add, group) {
    if (!rows) return;
    for (const [index, row] of rows.entries()) {
      const number = index + 1;
      if ((await group(number).count()) === 0) await this.page.getByRole("button", { name: add }).click();
      for (const [label, value] of Object.entries(row)) {
        const control = this.control(label, group(number));
        if (label === "When") await control.selectOption({ label: value });
        else await control.fill(value);
      }
    }
    for (;;) {
      const extra = this.page.getByRole("button", { name: `Remove ${what} ${rows.length + 1}${tail && ` ${tail}`}`, exact: true });
      if ((await extra.count()) === 0) return;
      await extra.click();
    }
  }

  /** The button of a queue. */
  queue(name) {
    return this.page.getByRole("group", { name: "Queue", exact: true }).getByRole("radio", { name: new RegExp(`^${name}\\b`) });
  }

  /** What stands in every control of the form. */
  async read() {
    const shown = {};
    for (const label of TEXTS) shown[label] = await this.control(label).inputValue();
    for (const label of MENUS) shown[label] = await this.#chosen(this.control(label));
    for (const label of TICKS) shown[label] = await this.control(label).isChecked();
    shown.Queue = await this.page
      .getByRole("group", { name: "Queue", exact: true })
      .getByRole("radio", { checked: true })
      .evaluateAll((radios) => radios.map((radio) => radio.value).join());
    shown.chunks = await this.#readRows((number) => this.chunk(number), CHUNK);
    shown.variables = await this.#readRows((number) => this.variable(number), ["Variable", "Value"]);
    shown.dependencies = await this.#readRows((number) => this.dependency(number), ["When", "Jobs"]);
    return shown;
  }

  async #readRows(group, labels) {
    const rows = [];
    for (let number = 1; (await group(number).count()) > 0; number += 1) {
      const row = {};
      for (const label of labels) {
        const control = this.control(label, group(number));
        row[label] = label === "When" ? await this.#chosen(control) : await control.inputValue();
      }
      rows.push(row);
    }
    return rows;
  }

  async #chosen(menu) {
    return menu.evaluate((menu) => menu.selectedOptions[0]?.textContent ?? "");
  }

  /** Every field comes to say what was wanted, and those that were not mentioned are empty. */
  async assertShows(wanted) {
    const expected = {};
    for (const label of TEXTS) expected[label] = wanted[label] ?? "";
    for (const label of TICKS) expected[label] = wanted[label] ?? false;
    expected.Queue = wanted.Queue ?? "";
    expected.chunks = (wanted.chunks ?? []).map((row) => Object.fromEntries(CHUNK.map((label) => [label, row[label] ?? ""])));
    expected.variables = wanted.variables ?? [];
    expected.dependencies = wanted.dependencies ?? [];
    // Queues and the names of hosts and applications may still be on their way.
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const shown = await this.read();
      for (const label of MENUS) expected[label] = wanted[label] ?? shown[label];
      if (isDeepStrictEqual(shown, expected)) return;
      if (Date.now() > end) assert.deepEqual(shown, expected);
      await this.page.waitForTimeout(50);
    }
  }

  /** What the form asks for by itself has come: queues and applications. */
  async ready(application) {
    await this.queue("workq").waitFor();
    await this.control("Application").locator("option", { hasText: application }).waitFor({ state: "attached" });
  }

  /** The editor beside the form. */
  get editor() {
    return this.page.getByRole("textbox", { name: "Script text", exact: true });
  }

  /** The script in it. */
  async script() {
    return this.editor.inputValue();
  }

  /** A past script in the list, by its name. */
  past(name) {
    return this.page.getByRole("list", { name: "Past scripts" }).getByRole("button", { name });
  }

  /** Picks a past script; gives how long the page took to fill every field, by its own clock. */
  async pick(name) {
    await this.page.evaluate(() => performance.clearMeasures("pbsweb:filled"));
    await this.past(name).first().click();
    const filled = await this.page.waitForFunction(() => performance.getEntriesByName("pbsweb:filled")[0]?.toJSON());
    return (await filled.jsonValue()).duration;
  }

  /** While `body` runs, the server answers nothing: what the page shows then, it knew. */
  async withSilentServer(body) {
    const waiting = [];
    const hold = (route) => {
      waiting.push(route);
    };
    await this.page.route("**/api/**", hold);
    try {
      return await body();
    } finally {
      await this.page.unroute("**/api/**", hold);
      // A request may have been given up by the page meanwhile.
      for (const route of waiting) await route.continue().catch(() => {});
    }
  }

  async submit() {
    await this.page.getByRole("button", { name: "Submit job", exact: true }).click();
  }
}
