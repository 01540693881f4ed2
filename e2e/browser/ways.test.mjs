// Getting about: by keyboard, by links, through signing in and out; and what happens to what was typed wrongly.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ComposeForm } from "./compose.mjs";
import { PASSWORD, explaining, worldOfFile } from "./harness.mjs";
import { createAccount, readyPerson } from "./setup.mjs";
import { assertUsable } from "./usable.mjs";

const held = worldOfFile();

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
      for (const title of ["Jobs", "Queues", "Hosts", "Applications", "New job", "Jobs"]) {
        await person.mainLink(title).click();
        await person.heading(title).waitFor();
        await person.page.waitForFunction((title) => {
          const { activeElement: element } = document;
          return element?.tagName === "H1" && element.textContent === title;
        }, title);
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
        const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
        const { outlineStyle, boxShadow } = getComputedStyle(element);
        return { name: name.trim(), isSeen: outlineStyle !== "none" || boxShadow !== "none" };
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
      for (const place of ["Applications", "New job", "Jobs", "Queues", "Hosts"]) {
        await page.reload();
        await person.mainLink(place).waitFor();
        await tabTo("Skip to the content");
        await tabTo(place);
        await page.keyboard.press("Enter");
        await person.heading(place).waitFor();
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
      await person.page.waitForURL(({ search }) => search === "?state=running&text=heat");
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

  it("a part of the page that does not come is told, and comes when it can", async () => {
    const person = await newcomer("parts");
    await explaining("parts", held.world, person, async () => {
      const { page } = person;
      const part = "**/parts-*/split_site.wasm";
      await page.route(part, (route) => route.fulfill({ status: 404 }));
      await person.signIn("parts");
      await person.mainLink("Hosts").click();
      const told = page.getByRole("alert").getByText("This page could not be loaded");
      await told.waitFor();
      await person.picture("part-missing");
      await assertUsable(person, "a part that is missing");
      // The others are not concerned.
      await person.mainLink("Jobs").click();
      await person.heading("Jobs").waitFor();
      await person.mainLink("Hosts").click();
      await told.waitFor();
      await page.unroute(part);
      await person.button("Try again").click();
      await person.heading("Hosts").waitFor();
      // The browser says what was missing, and nothing else went wrong.
      const said = held.world.takeErrors();
      assert.deepEqual(said.filter((error) => !/split_site\.wasm|parts\.js/.test(error)), []);
    });
  });

  it("the theme that was chosen stays", async () => {
    const person = await newcomer("dark");
    await explaining("theme", held.world, person, async () => {
      await person.signIn("dark");
      const shown = () => person.page.evaluate(() => getComputedStyle(document.body).colorScheme);
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
  let ready;
  const somebody = (world) => (ready ??= readyPerson(world, "ada", "Ada"));

  it("a walltime that PBS would refuse is told at its field, and nothing is sent", async () => {
    const { person } = await somebody(held.world);
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
      const described = await walltime.evaluate((field) => {
        const ids = field.getAttribute("aria-describedby").split(" ");
        return ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
      });
      assert.match(described, /The walltime must be seconds, MM:SS or HH:MM:SS/);
      await person.picture("compose-bad-walltime");
      assert.equal((await person.api("GET", "/jobs")).items.length, before);
    });
  });

  it("what only the server can know is told at the field, too", async () => {
    const { person } = await somebody(held.world);
    await explaining("server-problem", held.world, person, async () => {
      const { page } = person;
      await page.goto("/settings?tab=account");
      await page.getByLabel(/^Present password/).fill("not the password");
      await page.getByLabel(/^New password(?! again)/).fill("another long password");
      await page.getByLabel(/^New password again/).fill("another long password");
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
    const { person } = await somebody(held.world);
    await explaining("no-archive", held.world, person, async () => {
      await person.page.goto("/applications");
      const thesis = { name: "thesis.zip", mimeType: "application/zip", buffer: Buffer.from("PK") };
      await person.field("Source archive").setInputFiles(thesis);
      await person.page.getByText(/no archive/).waitFor();
      await person.button("Upload").click();
      await person.heading("Applications").waitFor();
    });
  });

  it("a broken archive is told in words", async () => {
    const { person } = await somebody(held.world);
    await explaining("broken-archive", held.world, person, async () => {
      await person.page.goto("/applications");
      const broken = { name: "broken.tar.gz", mimeType: "application/gzip", buffer: Buffer.from("this is not gzip") };
      await person.field("Source archive").setInputFiles(broken);
      await person.button("Upload").click();
      await person.page.getByRole("alert").waitFor();
      await person.picture("upload-broken");
    });
  });
});
