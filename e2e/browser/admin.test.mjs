// An administrator's work: users and hosts are added, changed and switched off in the page, and nothing is restarted.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { HOST, LOGIN, PASSWORD, PATIENCE_MS, storySteps, worldOfFile } from "./harness.mjs";

const held = worldOfFile();

/** As ssh-keygen prints it. */
function fingerprint(keyLine) {
  const digest = createHash("sha256").update(Buffer.from(keyLine.split(" ")[1], "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

test("an administrator's work", async (t) => {
  const world = held.world;
  const grace = await world.person();
  const bob = await world.person();
  const { page } = grace;
  const step = storySteps(t, () => world, () => grace);
  const row = (name) => page.getByRole("table", { name: "Users" }).getByRole("row").filter({ hasText: name });
  const panel = (name) => page.getByRole("region", { name, exact: true });

  await step("a user is added", async () => {
    await grace.signIn("admin");
    await grace.mainLink("Administration").click();
    await grace.heading("Users").waitFor();
    await grace.button("Add a user").click();
    const dialog = page.getByRole("dialog", { name: "Add a user" });
    await dialog.getByLabel("Login name (required)").fill("Bob!");
    await dialog.getByLabel("First password (required)").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Add user" }).click();
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
    await dialog.getByLabel("Login name (required)").fill("bob");
    await dialog.getByLabel("Name shown to others").fill("Bob");
    await dialog.getByRole("button", { name: "Add user" }).click();
    await dialog.waitFor({ state: "hidden" });
    await row("bob").getByText("Enabled", { exact: true }).waitFor();
  });

  await step("the user signs in", async () => {
    await bob.signIn("bob");
    await bob.mainLink("Jobs").click();
    await bob.heading("Jobs").waitFor();
    assert.equal(await bob.mainLink("Administration").count(), 0);
  });

  await step("disabled, the user is signed out at once, and cannot come back", async () => {
    await grace.button("Disable bob").click();
    await row("bob").getByText("Disabled", { exact: true }).waitFor();
    // Nothing is pressed on the user's page: its stream ends at the next heartbeat, and is asked for again.
    await bob.heading("Sign in").waitFor({ timeout: 2 * PATIENCE_MS });
    await bob.picture("signed-out-by-administrator");
    await bob.fillSignIn("bob");
    await bob.page.getByRole("alert").waitFor();
    assert.equal(await grace.button("Disable admin").getAttribute("aria-disabled"), "true");
  });

  await step("enabled again, the user may sign in", async () => {
    await grace.button("Enable bob").click();
    await row("bob").getByText("Enabled", { exact: true }).waitFor();
    await bob.signIn("bob");
  });

  await step("a host is added, without its key nothing is sent to it", async () => {
    await page.getByRole("navigation", { name: "Administration" }).getByRole("link", { name: "Hosts" }).click();
    await grace.heading("Hosts").waitFor();
    await grace.button("Add a host").click();
    const dialog = page.getByRole("dialog", { name: "Add a host" });
    await dialog.getByLabel("Short name (required)").fill("second");
    await dialog.getByLabel("Login node (required)").fill(world.host.address);
    await dialog.getByLabel("Port", { exact: true }).fill("99999");
    await dialog.getByRole("button", { name: "Add host" }).click();
    await dialog.getByText(/from 1 to 65535/).waitFor();
    await dialog.getByLabel("Port", { exact: true }).fill(world.host.port);
    await dialog.getByLabel("Folder of PBS commands").fill(world.host.binFolder);
    await dialog.getByRole("button", { name: "Add host" }).click();
    await dialog.waitFor({ state: "hidden" });
    await panel("second").getByText("Key not confirmed").waitFor();
    await bob.mainLink("Hosts").click();
    await bob.page.getByText(/before an administrator has confirmed its key/).waitFor();
  });

  await step("its key is asked for, compared and confirmed", async () => {
    await grace.button("Check the key of second").click();
    const dialog = page.getByRole("dialog", { name: "Host key of second" });
    await dialog.getByText(fingerprint(world.host.key)).waitFor();
    await dialog.getByRole("button", { name: "Confirm this key" }).click();
    await dialog.waitFor({ state: "hidden" });
    await panel("second").getByText(fingerprint(world.host.key)).waitFor();
    await panel("second").getByText("Key not confirmed").waitFor({ state: "hidden" });
  });

  await step("users find it usable without anything restarted", async () => {
    const key = await bob.api("GET", "/me/ssh-key");
    world.install(key.authorized_keys_line);
    await bob.page.reload();
    const second = bob.page.getByRole("region", { name: "second", exact: true });
    await second.getByLabel("Your login name there").fill(LOGIN);
    await second.getByRole("button", { name: "Save and check" }).click();
    await second.getByText("All that is needed works.").waitFor();
    await bob.page.getByRole("region", { name: HOST, exact: true }).waitFor();
  });

  await step("disabled, nothing is sent to it", async () => {
    await grace.button("Disable second").click();
    await grace.button("Enable second").waitFor();
    await panel("second").getByText("Disabled", { exact: true }).waitFor();
    await bob.page.reload();
    await bob.page.getByText(/has switched this host off/).waitFor();
    await grace.picture("admin-host-disabled");
  });

  await step("what was done is in the activity", async () => {
    await page.getByRole("navigation", { name: "Administration" }).getByRole("link", { name: "Activity" }).click();
    await grace.heading("Activity").waitFor();
    await page.getByRole("table").getByText(/second/).first().waitFor();
    const deeds = await page.locator('[data-label="What"]').allInnerTexts();
    for (const deed of ["Added a host", "Changed a host", "Signed in"]) assert.ok(deeds.includes(deed), `${deed}: ${deeds}`);
    assert.deepEqual(deeds.filter((deed) => !/^[A-Z]/.test(deed)), [], "the server's words for what was done");
  });
});
