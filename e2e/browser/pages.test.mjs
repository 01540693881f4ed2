// What holds for every page: nobody is kept out by how they see, read or type; nobody gets lost.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";

import { ComposeForm } from "./compose.mjs";
import { DESKTOP, HOST, PASSWORD, PHONE, explaining, worldOfFile } from "./harness.mjs";
import { builtApplication, createAccount, readyPerson, submitJob } from "./setup.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21aa"];

const held = worldOfFile();

/** What the pages show: made once, by the first test that needs it. */
let content;
async function withContent(world) {
  content ??= (async () => {
    const { person, host } = await readyPerson(world, "ada", "Ada");
    const { application } = await builtApplication(world, person, host);
    const hasEnded = ({ state }) => ["completed", "failed"].includes(state);
    const isRunning = ({ state }) => state === "running";
    const script = { name: "heat-flow", walltime: "0:05:00", chunks: [{ ncpus: "1" }], commands: "./heat" };
    const ended = await submitJob(person, { host, application, script }, hasEnded);
    await submitJob(person, { host, script: { ...script, name: "fails", commands: "no-such-command" } }, hasEnded);
    const running = await submitJob(person, { host, script: { ...script, name: "runs", commands: "sleep 3600" } }, isRunning);
    await submitJob(person, { host, script: { ...script, name: "waits", hold: true } });
    await person.api("POST", "/me/tokens", { name: "nightly runs", expires_in_days: 30 });
    return { person, host, application, ended: ended.id, running: running.id };
  })();
  return content;
}

/** Nothing for axe to say, nothing to scroll sideways. */
async function assertUsable(person, title) {
  const { page } = person;
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  const said = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${title}: ${id}: ${help}: ${node.html.slice(0, 200)}\n    ${node.failureSummary?.replaceAll("\n", "\n    ")}`),
  );
  assert.deepEqual(said, []);
}

async function assertFits(person, title, width) {
  const tooWide = await person.page.evaluate((width) => {
    if (document.documentElement.scrollWidth <= width) return [];
    const reaches = (element) => element.getBoundingClientRect().right > width + 0.5;
    return [...document.body.querySelectorAll("*")].filter(reaches).slice(0, 5).map((element) => element.outerHTML.slice(0, 160));
  }, width);
  assert.deepEqual(tooWide, [], `${title} scrolls sideways at ${width} pixels`);
}

/** Name for the pictures, address, heading, and what is there once the page has its content. */
const PUBLIC_PAGES = [
  { name: "sign-in", path: "/sign-in", heading: "Sign in", ready: (page) => page.getByRole("link", { name: "Create an account" }) },
  { name: "create-account", path: "/create-account", heading: "Create an account", ready: (page) => page.getByLabel("Login name (required)") },
];
const table = (name) => (page) => page.getByRole("table", { name }).getByRole("row").nth(1);
const region = (name) => (page) => page.getByRole("region", { name, exact: true }).first();
const PAGES = [
  { name: "home", path: "/", ready: (page) => page.getByRole("link", { name: "heat-flow" }).first() },
  { name: "applications", path: "/applications", heading: "Applications", ready: (page) => page.getByRole("link", { name: "heat", exact: true }) },
  { name: "application", path: ({ application }) => `/applications/${application}`, heading: "heat", ready: (page) => page.getByText(/, complete$/) },
  { name: "compose", path: "/compose", heading: "New job", ready: (page) => new ComposeForm(page).queue("workq"), unfold: true },
  { name: "jobs", path: "/jobs", heading: "Jobs", ready: table(/^Your jobs/) },
  { name: "job-ended", path: ({ ended }) => `/jobs/${ended}`, heading: "Job heat-flow", ready: (page) => page.getByText(/, complete$/) },
  { name: "job-running", path: ({ running }) => `/jobs/${running}`, heading: "Job runs", ready: region("State") },
  { name: "job-timeline", path: ({ ended }) => `/jobs/${ended}?tab=timeline`, heading: "Job heat-flow", ready: (page) => page.getByRole("listitem").getByText("Completed", { exact: true }) },
  { name: "job-script", path: ({ ended }) => `/jobs/${ended}?tab=script`, heading: "Job heat-flow", ready: region("the submitted script") },
  { name: "job-files", path: ({ ended }) => `/jobs/${ended}?tab=files`, heading: "Job heat-flow", ready: table("Files of the job") },
  { name: "queues", path: "/queues", heading: "Queues", ready: (page) => page.getByText("workq").first() },
  { name: "hosts", path: "/hosts", heading: "Hosts", ready: (page) => page.getByText("All that is needed works.") },
  { name: "settings", path: "/settings", heading: "Settings", ready: (page) => page.getByRole("button", { name: "Save preferences" }) },
  { name: "settings-key", path: "/settings?tab=key", heading: "Settings", ready: region("the key line") },
  { name: "settings-tokens", path: "/settings?tab=tokens", heading: "Settings", ready: (page) => page.getByRole("button", { name: "Make a token" }) },
  { name: "settings-sessions", path: "/settings?tab=sessions", heading: "Settings", ready: table("Your sessions") },
  { name: "settings-account", path: "/settings?tab=account", heading: "Settings", ready: (page) => page.getByLabel(/^Present password/) },
  { name: "settings-activity", path: "/settings?tab=activity", heading: "Settings", ready: (page) => page.getByRole("table").getByRole("row").nth(1) },
  { name: "not-found", path: "/no/such/page", heading: "No such page", ready: (page) => page.getByRole("link", { name: "Go to the start page" }) },
  { name: "no-such-job", path: "/jobs/00000000-0000-0000-0000-000000000000", heading: "Job", ready: (page) => page.getByRole("alert") },
  { name: "not-for-users", path: "/admin/users", heading: "Administration", ready: (page) => page.getByRole("alert") },
];
const ADMIN_PAGES = [
  { name: "admin-users", path: "/admin/users", heading: "Users", ready: table("Users") },
  { name: "admin-hosts", path: "/admin/hosts", heading: "Hosts", ready: (page) => page.getByRole("heading", { name: HOST, exact: true }) },
  { name: "admin-activity", path: "/admin/activity", heading: "Activity", ready: (page) => page.getByRole("table").getByRole("row").nth(1) },
];
const DIALOGS = [
  { name: "dialog-add-user", path: "/admin/users", open: "Add a user", dialog: "Add a user" },
  { name: "dialog-add-host", path: "/admin/hosts", open: "Add a host", dialog: "Add a host" },
  { name: "dialog-host-key", path: "/admin/hosts", open: `Check the key of ${HOST}`, dialog: `Host key of ${HOST}` },
];

async function visit(world, person, { name, path, heading, ready, unfold }, content) {
  await explaining(name, world, person, async () => {
    await person.page.goto(typeof path === "function" ? path(content) : path);
    if (heading) await person.heading(heading).waitFor();
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
  for (const { name, path, open, dialog } of DIALOGS) {
    it(name, async () => {
      const person = await admin();
      const ready = (page) => page.getByRole("button", { name: open, exact: true });
      await explaining(name, held.world, person, async () => {
        await person.page.goto(path);
        await ready(person.page).click();
        await person.page.getByRole("dialog", { name: dialog }).waitFor();
        if (name === "dialog-host-key") await person.page.getByText("SHA256:").first().waitFor();
        await person.inEveryLook(name, (title) => assertUsable(person, title));
        await person.page.keyboard.press("Escape");
        await person.page.getByRole("dialog").waitFor({ state: "hidden" });
      });
    });
  }
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

describe("finding one's way", () => {
  const newcomer = async (userName) => {
    const person = await held.world.person();
    await createAccount(person, userName);
    return person;
  };

  it("the heading has the focus after a navigation, and names the document", async () => {
    const person = await newcomer("nav");
    await explaining("focus", held.world, person, async () => {
      await person.signIn("nav");
      for (const [link, title] of [["Jobs", "Jobs"], ["Queues", "Queues"], ["Hosts", "Hosts"], ["New job", "New job"], ["Applications", "Applications"]]) {
        await person.mainLink(link).click();
        await person.heading(title).waitFor();
        await person.page.waitForFunction((title) => document.activeElement?.tagName === "H1" && document.activeElement.textContent === title, title);
        assert.equal(await person.page.title(), `${title} · PBSWeb`);
      }
      await person.page.goBack();
      await person.heading("New job").waitFor();
    });
  });

  it("the keyboard alone signs in, and reaches every place", async () => {
    const person = await newcomer("keys");
    await explaining("keyboard", held.world, person, async () => {
      const { page } = person;
      const focused = () => page.evaluate(() => {
        const { activeElement: element } = document;
        const name = element?.getAttribute("aria-label") ?? element?.labels?.[0]?.textContent ?? element?.textContent ?? "";
        const shows = element ? getComputedStyle(element) : null;
        return { name: name.trim(), isSeen: shows !== null && (shows.outlineStyle !== "none" || shows.boxShadow !== "none") };
      });
      const tabTo = async (name) => {
        const passed = [];
        for (let n = 0; n < 60; n += 1) {
          await page.keyboard.press("Tab");
          const now = await focused();
          passed.push(now.name);
          if (now.name === name) {
            assert.ok(now.isSeen, `the focus on ${name} cannot be seen`);
            return;
          }
        }
        assert.fail(`Tab does not reach ${name}, only ${[...new Set(passed)].join(" | ")}`);
      };
      await page.goto("/sign-in");
      await person.heading("Sign in").waitFor();
      await tabTo("Name");
      await page.keyboard.type("keys");
      await tabTo("Password");
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press("Enter");
      await person.mainLink("Home").waitFor();
      for (const [link, title] of [["Applications", "Applications"], ["New job", "New job"], ["Jobs", "Jobs"], ["Queues", "Queues"], ["Hosts", "Hosts"]]) {
        await page.reload();
        await person.mainLink(link).waitFor();
        await tabTo("Skip to the content");
        await tabTo(link);
        await page.keyboard.press("Enter");
        await person.heading(title).waitFor();
      }
    });
  });

  it("an address that leads nowhere says so", async () => {
    const person = await newcomer("lost");
    await explaining("lost", held.world, person, async () => {
      await person.page.goto("/not/here");
      await person.heading("No such page").waitFor();
      await person.page.getByRole("link", { name: "Go to the start page" }).click();
      await person.heading("Sign in").waitFor();
    });
  });

  it("who follows a link signs in first, and then is where the link leads", async () => {
    const person = await newcomer("deep");
    await explaining("deep", held.world, person, async () => {
      await person.page.goto("/jobs?state=running&text=heat");
      await person.heading("Sign in").waitFor();
      await person.fillSignIn("deep", "not the password");
      await person.page.getByRole("alert").waitFor();
      await person.fillSignIn("deep");
      await person.heading("Jobs").waitFor();
      assert.equal(new URL(person.page.url()).search, "?state=running&text=heat");
    });
  });

  it("nobody is sent to another site after signing in", async () => {
    const person = await newcomer("safe");
    await explaining("redirect", held.world, person, async () => {
      await person.page.goto("/sign-in?next=https%3A%2F%2Fevil.example%2F");
      await person.fillSignIn("safe");
      await person.mainLink("Home").waitFor();
      assert.equal(new URL(person.page.url()).origin, held.world.url);
    });
  });

  it("a session that was ended elsewhere ends here, with a word about it", async () => {
    const person = await newcomer("twice");
    await explaining("ended-elsewhere", held.world, person, async () => {
      await person.signIn("twice");
      const elsewhere = await held.world.person();
      await elsewhere.signIn("twice");
      const { page } = elsewhere;
      await page.goto("/settings?tab=sessions");
      await page.getByRole("button", { name: /^End the session of/ }).click();
      await page.getByRole("dialog", { name: "End the session?" }).getByRole("button", { name: "End session" }).click();
      await elsewhere.notice("The session has ended.").waitFor();
      await person.mainLink("Applications").click();
      await person.heading("Sign in").waitFor();
      await person.page.getByText(/session .*ended|signed out/i).first().waitFor();
      await person.fillSignIn("twice");
      await person.heading("Applications").waitFor();
      await elsewhere.context.close();
    });
  });

  it("the theme that was chosen stays", async () => {
    const person = await newcomer("dark");
    await explaining("theme", held.world, person, async () => {
      await person.signIn("dark");
      const shown = () => person.page.evaluate(() => getComputedStyle(document.body).colorScheme || getComputedStyle(document.documentElement).colorScheme);
      await person.button("Colours: as the system. Change").click();
      await person.button("Colours: light. Change").click();
      await person.button("Colours: dark. Change").waitFor();
      assert.match(await shown(), /dark/);
      await person.page.reload();
      await person.button("Colours: dark. Change").waitFor();
      assert.match(await shown(), /dark/);
    });
  });
});

describe("bad input", () => {
  it("a walltime that PBS would refuse is told at its field, and nothing is sent", async () => {
    const { person } = await withContent(held.world);
    await explaining("bad-walltime", held.world, person, async () => {
      const { page } = person;
      await page.goto("/compose");
      const form = new ComposeForm(page);
      await form.queue("workq").waitFor();
      await form.fill({ Name: "bad", Walltime: "two hours", Commands: "date" });
      const walltime = person.field("Walltime");
      await page.waitForFunction(() => document.querySelector('[aria-invalid="true"]') !== null);
      assert.equal(await walltime.getAttribute("aria-invalid"), "true");
      const before = (await person.api("GET", "/jobs")).items.length;
      await form.submit();
      await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
      const described = await walltime.evaluate((field) => field.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
      assert.match(described, /walltime/i);
      await person.picture("compose-bad-walltime");
      assert.equal((await person.api("GET", "/jobs")).items.length, before);
    });
  });

  it("what only the server can know is told at the field, too", async () => {
    const { person } = await withContent(held.world);
    await explaining("server-problem", held.world, person, async () => {
      const { page } = person;
      await page.goto("/settings?tab=account");
      await person.field("Present password").or(person.field("Present password (required)")).fill("not the password");
      await person.field("New password").or(person.field("New password (required)")).fill("another long password");
      await person.field("New password again").or(person.field("New password again (required)")).fill("another long password");
      await person.button("Change password").click();
      await page.waitForFunction(() => document.querySelector('[aria-invalid="true"], [role="alert"]') !== null);
      await person.picture("settings-wrong-password");
    });
  });

  it("a name that is taken is told at its field", async () => {
    const person = await held.world.person();
    await explaining("name-taken", held.world, person, async () => {
      await createAccount(person, "taken");
      const { page } = person;
      await page.goto("/create-account");
      await person.field("Login name (required)").fill("taken");
      await person.field("Password (required)").fill(PASSWORD);
      await person.field("Password again (required)").fill(PASSWORD);
      await person.button("Create account").click();
      await page.waitForFunction(() => document.querySelector('input[name="user_name"][aria-invalid="true"]') !== null);
      await person.picture("create-account-name-taken");
    });
  });

  it("a file that is no archive is refused before it is sent", async () => {
    const { person } = await withContent(held.world);
    await explaining("no-archive", held.world, person, async () => {
      await person.page.goto("/applications");
      await person.field("Source archive").setInputFiles({ name: "thesis.zip", mimeType: "application/zip", buffer: Buffer.from("PK") });
      await person.page.getByText(/no archive/).waitFor();
      await person.button("Upload").click();
      await person.heading("Applications").waitFor();
    });
  });

  it("a broken archive is told in words", async () => {
    const { person } = await withContent(held.world);
    await explaining("broken-archive", held.world, person, async () => {
      await person.page.goto("/applications");
      await person.field("Source archive").setInputFiles({ name: "broken.tar.gz", mimeType: "application/gzip", buffer: Buffer.from("this is not gzip at all") });
      await person.button("Upload").click();
      await person.page.getByRole("alert").waitFor();
      await person.picture("upload-broken");
    });
  });
});
