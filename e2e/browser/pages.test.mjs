// What holds for every page: nobody is kept out by how they see, read or type. Its pictures are left as artefacts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ComposeForm } from "./compose.mjs";
import { DESKTOP, HOST, PHONE, explaining, worldOfFile } from "./harness.mjs";
import { busyPerson } from "./setup.mjs";
import { assertFits, assertUsable, hasFocus } from "./usable.mjs";

const held = worldOfFile();

/** Made by the first test that needs it. */
let content;
const withContent = (world) => (content ??= busyPerson(world));

/** What says that a page has its content. */
const table = (name) => (page) => page.getByRole("table", { name }).getByRole("row").nth(1);
const region = (name) => (page) => page.getByRole("region", { name, exact: true }).first();
const link = (name) => (page) => page.getByRole("link", { name, exact: true }).first();
const button = (name) => (page) => page.getByRole("button", { name, exact: true });
const text = (words) => (page) => page.getByText(words).first();
const alert = (page) => page.getByRole("alert");
const queue = (page) => new ComposeForm(page).queue("workq");
const field = (label) => (page) => page.getByLabel(label);

/** Name for the pictures, address, heading, and what is there once the page has its content. */
const place = (name, path, heading, ready, more = {}) => ({ name, path, heading, ready, ...more });
const job = (tab) => ({ ended }) => `/jobs/${ended}?tab=${tab}`;
const settings = (tab) => `/settings?tab=${tab}`;
const PUBLIC_PAGES = [
  place("sign-in", "/sign-in", "Sign in", link("Create an account")),
  place("create-account", "/create-account", "Create an account", field("Login name (required)")),
];
const PAGES = [
  place("home", "/", "Hello, Ada", link("heat-flow")),
  place("applications", "/applications", "Applications", link("heat")),
  place("application", ({ application }) => `/applications/${application}`, "heat", text(/, complete$/)),
  place("compose", "/compose", "New job", queue, { unfold: true }),
  place("jobs", "/jobs", "Jobs", table(/^Your jobs/)),
  place("job-running", ({ running }) => `/jobs/${running}`, "Job runs", region("State")),
  place("job-ended", job("stdout"), "Job heat-flow", text(/, complete$/)),
  place("job-failed", ({ failed }) => `/jobs/${failed}`, "Job fails", table("Values that are different")),
  place("job-errors", job("stderr"), "Job heat-flow", region("Standard error")),
  place("job-timeline", job("timeline"), "Job heat-flow", (page) => page.getByRole("listitem").getByText("Completed", { exact: true })),
  place("job-script", job("script"), "Job heat-flow", region("the submitted script")),
  place("job-files", job("files"), "Job heat-flow", table("Files of the job")),
  place("queues", "/queues", "Queues", text("workq")),
  place("nodes", "/nodes", "Nodes", text(/of 16 in use/)),
  place("hosts", "/hosts", "Hosts", text("All that is needed works.")),
  place("settings", "/settings", "Settings", button("Save preferences")),
  place("settings-groups", settings("groups"), "Settings", button("Make a group")),
  place("settings-key", settings("key"), "Settings", region("the key line")),
  place("settings-tokens", settings("tokens"), "Settings", button("Make a token")),
  place("settings-sessions", settings("sessions"), "Settings", table("Your sessions")),
  place("settings-account", settings("account"), "Settings", field(/^Present password/)),
  place("settings-activity", settings("activity"), "Settings", table(/./)),
  place("not-found", "/no/such/page", "No such page", link("Go to the start page")),
  place("no-such-job", "/jobs/00000000-0000-0000-0000-000000000000", "No such job", link("All jobs")),
  place("no-such-application", "/applications/00000000-0000-0000-0000-000000000000", "No such application", link("All applications")),
  place("queues-no-such-host", "/queues?host=00000000-0000-0000-0000-000000000000", "Queues", link("All hosts")),
  place("nodes-no-such-host", "/nodes?host=00000000-0000-0000-0000-000000000000", "Nodes", link("All hosts")),
  place("not-for-users", "/admin/users", "Administration", alert),
];
const ADMIN_PAGES = [
  place("admin-users", "/admin/users", "Users", table("Users")),
  place("admin-hosts", "/admin/hosts", "Hosts", region(HOST)),
  place("admin-activity", "/admin/activity", "Activity", table(/./)),
];
const DIALOGS = [
  { name: "dialog-add-user", path: "/admin/users", open: "Add a user", dialog: "Add a user", first: /^Login name/ },
  { name: "dialog-add-host", path: "/admin/hosts", open: "Add a host", dialog: "Add a host", first: /^Short name/ },
  { name: "dialog-host-key", path: "/admin/hosts", open: `Check the key of ${HOST}`, dialog: `Host key of ${HOST}` },
];

async function visit(world, person, { name, path, heading, ready, unfold }, content) {
  await explaining(name, world, person, async () => {
    await person.page.goto(typeof path === "function" ? path(content) : path);
    await person.heading(heading).waitFor();
    await ready(person.page).waitFor();
    if (unfold) await new ComposeForm(person.page).unfold();
    assert.equal(await person.page.getByRole("heading", { level: 1 }).count(), 1, "one main heading");
    const problems = [];
    await person.inEveryLook(name, async (title, { width }) => {
      // Every look is looked at before the first is complained about.
      for (const check of [() => assertUsable(person, title), () => assertFits(person, title, width)]) {
        await check().catch((error) => problems.push(error.message));
      }
    });
    assert.deepEqual([...new Set(problems)], []);
  });
}

describe("every page, in both themes, wide and narrow", () => {
  for (const place of PUBLIC_PAGES) {
    it(place.name, async () => {
      const person = await held.world.person();
      await visit(held.world, person, place);
      await person.context.close();
    });
  }
  for (const place of PAGES) {
    it(place.name, async () => {
      const content = await withContent(held.world);
      await visit(held.world, content.person, place, content);
    });
  }
  let grace;
  const admin = async () => {
    if (!grace) {
      grace = await held.world.person();
      await grace.signIn("admin");
    }
    return grace;
  };
  for (const place of ADMIN_PAGES) {
    it(place.name, async () => {
      await withContent(held.world);
      await visit(held.world, await admin(), place);
    });
  }
  for (const { name, path, open, dialog, first } of DIALOGS) {
    it(name, async () => {
      const person = await admin();
      const ready = (page) => page.getByRole("button", { name: open, exact: true });
      await explaining(name, held.world, person, async () => {
        await person.page.goto(path);
        await ready(person.page).click();
        const shown = person.page.getByRole("dialog", { name: dialog });
        await shown.waitFor();
        if (first) await hasFocus(shown.getByLabel(first));
        if (name === "dialog-host-key") await person.page.getByRole("dialog").getByText("SHA256:").first().waitFor();
        await person.inEveryLook(name, (title) => assertUsable(person, title));
        await person.page.keyboard.press("Escape");
        await shown.waitFor({ state: "hidden" });
        await hasFocus(ready(person.page));
      });
    });
  }
  it("a failed job opens on what says why, with what can be done", async () => {
    const { person, failed } = await withContent(held.world);
    await explaining("failed", held.world, person, async () => {
      const { page } = person;
      await page.goto(`/jobs/${failed}`);
      await page.getByRole("region", { name: "Text of standard error" }).getByText("no-such-command").waitFor();
      assert.equal(await page.locator(".tab[aria-current]").innerText(), "Errors");
      assert.match(await region("State")(page).innerText(), /127: a command was not found/);
      // Of a job that has ended nothing but its script is of use.
      await link("Use again")(page).waitFor();
      for (const name of ["Hold", "Release", "Delete"]) assert.equal(await button(name)(page).count(), 0);
      assert.equal(await page.getByText("Not possible now").count(), 0);
      // Whoever wants the other stream gets it, and is told where to look instead.
      await link("Output")(page).click();
      const empty = region("Standard output")(page);
      await empty.getByText("Exit status 127: a command was not found.").waitFor();
      await empty.getByRole("link", { name: "Errors" }).waitFor();
      await person.inEveryLook("job-silent", async (title, { width }) => {
        await assertUsable(person, title);
        await assertFits(person, title, width);
      });
      await empty.getByRole("link", { name: "Timeline" }).click();
      await region("Timeline")(page).waitFor();
    });
  });
  it("an address of a host that does not exist leads to all hosts", async () => {
    const { person } = await withContent(held.world);
    await explaining("no such host", held.world, person, async () => {
      for (const path of ["/queues", "/nodes"]) {
        await person.page.goto(`${path}?host=00000000-0000-0000-0000-000000000000`);
        await link("All hosts")(person.page).click();
        await region(HOST)(person.page).waitFor();
      }
    });
  });
  it("the filters of the queues stand in full rows", async () => {
    const { person } = await withContent(held.world);
    await explaining("filters", held.world, person, async () => {
      const { page } = person;
      await page.goto("/queues");
      await region(HOST)(page).waitFor();
      for (const [width, rows] of [[1280, [2, 4]], [900, [2, 4]], [600, [1, 1, 2, 2]], [390, [1, 1, 2, 2]]]) {
        await page.setViewportSize({ ...DESKTOP, width });
        const bottoms = await page.getByRole("search").locator(":is(input, select)").evaluateAll((fields) =>
          // A box to tick is lower than a field, and stands on the same line.
          fields.map((field) => Math.round(field.closest(".field").getBoundingClientRect().bottom)),
        );
        const counted = bottoms.reduce((rows, bottom) => ({ ...rows, [bottom]: (rows[bottom] ?? 0) + 1 }), {});
        assert.deepEqual(Object.values(counted), rows, `at ${width} pixels`);
        await assertFits(person, "the filters", width);
      }
      await page.setViewportSize(DESKTOP);
    });
  });
  it("the selected tab is in sight on a phone", async () => {
    const { person } = await withContent(held.world);
    await explaining("tabs", held.world, person, async () => {
      const { page } = person;
      await page.setViewportSize(PHONE);
      await page.goto("/settings?tab=sessions");
      await page.getByRole("table", { name: "Your sessions" }).waitFor();
      await page.waitForFunction(() => {
        const { left, right } = document.querySelector(".tab[aria-current]").getBoundingClientRect();
        return left >= 0 && right <= innerWidth;
      });
      assert.equal(await page.evaluate(() => scrollY), 0, "the page itself stays where it is");
      await page.setViewportSize(DESKTOP);
    });
  });
  it("the menu of a phone", async () => {
    const { person } = await withContent(held.world);
    await explaining("menu", held.world, person, async () => {
      const { page } = person;
      await page.setViewportSize(PHONE);
      await page.goto("/jobs");
      await person.heading("Jobs").waitFor();
      await person.button("Menu").click();
      await person.mainLink("Queues").waitFor();
      await person.picture("menu-360-light");
      await assertUsable(person, "menu");
      await person.mainLink("Queues").click();
      await person.heading("Queues").waitFor();
      await person.mainLink("Home").waitFor({ state: "hidden" });
      await page.setViewportSize(DESKTOP);
    });
  });
});
