// Groups, with two browsers at once: who shares with whom, and two who change one script.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ComposeForm } from "./compose.mjs";
import { explaining, worldOfFile } from "./harness.mjs";
import { builtApplication, readyPerson } from "./setup.mjs";
import { assertFits, assertUsable } from "./usable.mjs";

const held = worldOfFile();

async function inEveryLook(person, name) {
  await person.inEveryLook(name, async (title, { width }) => {
    await assertUsable(person, title);
    await assertFits(person, title, width);
  });
}

/** Two people in a group of the first one's, by the page. */
async function twoInAGroup(first, second, role) {
  const { person: ada } = await readyPerson(held.world, first, "Ada");
  const { person: bob, host } = await readyPerson(held.world, second, "Bob");
  await explaining(`group of ${first}`, held.world, ada, async () => {
    const { page } = ada;
    await page.goto("/settings?tab=groups");
    await ada.button("Make a group").click();
    const making = page.getByRole("dialog", { name: "Make a group" });
    await making.getByLabel("Name").fill("Physics");
    await making.getByRole("button", { name: "Save" }).click();
    await ada.button("Add somebody to Physics").click();
    const adding = page.getByRole("dialog", { name: "Add somebody to Physics" });
    await adding.getByLabel("User name").fill("nobody-here");
    await adding.getByLabel("Role").selectOption({ label: role });
    await adding.getByRole("button", { name: "Add to the group" }).click();
    await adding.getByText("There is no such user.").waitFor();
    await assertUsable(ada, "adding a member");
    await adding.getByLabel("User name").fill(second);
    await adding.getByRole("button", { name: "Add to the group" }).click();
    await adding.waitFor({ state: "hidden" });
    await member(ada, second).getByText(role, { exact: true }).waitFor();
  });
  return { ada, bob, host, group: (await ada.api("GET", "/groups")).items[0].id };
}

/** The row of somebody in the group. */
function member(person, name) {
  return person.page.getByRole("row").filter({ has: person.page.getByRole("rowheader", { name, exact: true }) });
}

/** Shares what is open by its dialog. */
async function shareWithPhysics(person, what) {
  await person.button("Share…").click();
  const dialog = person.page.getByRole("dialog", { name: `Share this ${what}` });
  await dialog.getByLabel("Physics").check();
  await dialog.getByText("It is shared with Physics.").waitFor();
  await person.inEveryLook(`share-${what}`, (title) => assertUsable(person, title));
  await person.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
}

const COMMANDS = ["./prepare", "echo prepared", "./heat --steps 100", "echo heated", "./report"].join("\n");
const SCRIPT = { name: "heat", walltime: "0:05:00", chunks: [{ ncpus: "1" }], commands: COMMANDS };

/** Replaces a part of the text in the editor, as by typing. */
async function retype(form, from, to) {
  const text = await form.script();
  assert.ok(text.includes(from), text);
  await form.editor.fill(text.replace(from, to));
}

describe("groups", () => {
  it("two who change one shared script at the same time lose no word", async () => {
    const { ada, bob } = await twoInAGroup("ada", "bob", "Edit: submit, and change");
    await inEveryLook(ada, "groups");
    const made = await ada.api("POST", "/scripts", { name: "heat", script: SCRIPT });
    await explaining("sharing", held.world, ada, async () => {
      await ada.page.goto(`/compose?script=${made.id}`);
      await ada.page.getByText("Revision 1 of your script heat.").waitFor();
      await shareWithPhysics(ada, "script");
      await ada.page.getByText("Revision 1 of your script heat, shared with Physics.").waitFor();
    });
    const form = { ada: new ComposeForm(ada.page), bob: new ComposeForm(bob.page) };
    await explaining("shared with me", held.world, bob, async () => {
      // Picking is undone with all that belongs to it: what is saved then is the script that it was before.
      const own = await bob.api("POST", "/scripts", { name: "mine", script: { ...SCRIPT, name: "heat" } });
      await bob.page.goto(`/compose?script=${own.id}`);
      await bob.page.getByText("Revision 1 of your script mine.").waitFor();
      await retype(form.bob, "./report", "./report --mine");
      await form.bob.past("ada’s, shared with Physics").click();
      await bob.page.getByText("Your role: edit.").waitFor();
      await bob.button("Undo").click();
      await bob.page.getByText("Revision 1 of your script mine.").waitFor();
      await bob.button("Save script").click();
      await bob.notice("mine is kept as revision 2.").waitFor();
      await form.bob.past("ada’s, shared with Physics").click();
      await bob.page.getByText("Revision 1 of heat, ada’s script, shared with Physics. Your role: edit.").waitFor();
      await retype(form.bob, "--steps 100", "--steps 500");
      await retype(form.bob, "./report", "./report --by-bob");
      await bob.button("Save script").click();
      await bob.notice("heat is kept as revision 2.").waitFor();
    });
    await explaining("merging", held.world, ada, async () => {
      const { page } = ada;
      await retype(form.ada, "--steps 100", "--steps 7000");
      await retype(form.ada, "walltime=00:05:00", "walltime=00:09:00");
      await ada.button("Save script").click();
      await ada.heading("Merge two changes").waitFor();
      // Over a reload, too: what was typed is there, and saving leads here again.
      await page.reload();
      await ada.button("Save script").waitFor();
      assert.match(await form.ada.script(), /--steps 7000/);
      await ada.button("Save script").click();
      await ada.heading("Merge two changes").waitFor();
      await page.getByText("bob saved revision 2 of heat while you were changing revision 1.").waitFor();
      assert.equal(await page.getByRole("group", { name: "Mine at place 1" }).textContent().then((text) => /7000/.test(text)), true);
      await inEveryLook(ada, "merge");
      // What is not decided is not saved.
      assert.equal(await ada.button("Save the merge").getAttribute("aria-disabled"), "true");
      await page.getByLabel("Both: mine, then bob’s").check();
      await ada.button("Save the merge").click();
      await ada.notice("heat is kept as revision 3.").waitFor();
    });
    const { revision, n_revisions } = await bob.api("GET", `/scripts/${made.id}`);
    assert.deepEqual([n_revisions, revision.parent, revision.by], [3, 2, "ada"]);
    const [first, ...rest] = COMMANDS.split("\n");
    const heated = ["./heat --steps 7000", "./heat --steps 500"];
    assert.deepEqual(revision.draft.commands.trim().split("\n"), [first, rest[0], ...heated, rest[2], "./report --by-bob"]);
    assert.match(revision.draft.walltime, /9:00/);
    // Submitting writes over nothing either; what was changed in different places is put together without a question.
    await explaining("merging before submitting", held.world, bob, async () => {
      await retype(form.bob, "./report --by-bob", "./report --by-bob --twice");
      await bob.button("Submit job").click();
      await bob.heading("Merge two changes").waitFor();
      await bob.page.getByText("The changes are in different places").waitFor();
      await inEveryLook(bob, "merge-without-question");
      await bob.button("Edit it first").click();
      await bob.heading("New job").waitFor();
      for (const word of [...heated, "--by-bob --twice", "walltime=00:09:00"]) {
        assert.ok((await form.bob.script()).includes(word), word);
      }
      assert.equal(await bob.page.getByText("Nothing was saved").count(), 0, "a conflict that was merged is none any more");
      await bob.button("Submit job").click();
      await bob.page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
    });
    const last = await ada.api("GET", `/scripts/${made.id}`);
    assert.deepEqual([last.n_revisions, last.revision.parent, last.revision.by], [4, 3, "bob"]);
    await explaining("a copy beside one's own of the same name", held.world, bob, async () => {
      await bob.api("POST", "/scripts", { name: "heat", script: SCRIPT });
      await bob.page.goto("/compose");
      await form.bob.past("ada’s, shared with Physics").click();
      await bob.button("Copy to mine").click();
      await bob.notice("heat of ada is your own now.").waitFor();
      await bob.page.getByText("Revision 1 of your script heat of ada.").waitFor();
    });
  });

  it("a role that forbids something says so, and a copy is one's own", async () => {
    const { ada, bob, group } = await twoInAGroup("amy", "ben", "Read: see and copy");
    const made = await ada.api("POST", "/scripts", { name: "cold", script: { ...SCRIPT, name: "cold" } });
    await ada.api("PUT", `/scripts/${made.id}/groups/${group}`);
    await explaining("reader", held.world, bob, async () => {
      const { page } = bob;
      const form = new ComposeForm(page);
      await page.goto("/compose");
      await form.past("amy’s, shared with Physics").click();
      await page.getByText("Your role in the group is read; this needs submit").waitFor();
      for (const name of ["Submit job", "Save script"]) {
        assert.equal(await bob.button(name).getAttribute("aria-disabled"), "true", name);
        assert.match(await bob.button(name).getAttribute("title"), /Your role in the group is read/);
      }
      await inEveryLook(bob, "compose-shared");
      // A greater role counts at once: as it is, it may be submitted now.
      await ada.api("PUT", `/groups/${group}/members/ben`, { role: "submit" });
      await page.reload();
      await form.past("amy’s, shared with Physics").click();
      await page.getByText("Your role: submit.").waitFor();
      assert.equal(await bob.button("Submit job").getAttribute("aria-disabled"), null);
      await retype(form, "--steps 100", "--steps 1");
      await page.getByText("Your role in the group is submit; this needs edit").waitFor();
      await bob.button("Copy to mine").click();
      await bob.notice("cold is your own now.").waitFor();
      // Undoing leads back to no other script.
      await bob.button("Undo").click();
      await page.getByText("Revision 1 of your script cold.").waitFor();
      await bob.button("Redo").click();
      // What was typed is a change of the copy.
      await bob.button("Save script").click();
      await bob.notice("cold is kept as revision 2.").waitFor();
      // Two windows of one person lose nothing either.
      const [{ id }] = (await bob.api("GET", "/scripts")).items;
      const elsewhere = { ...SCRIPT, name: "cold", walltime: "0:30:00" };
      await bob.api("POST", `/scripts/${id}/revisions`, { made_from: 2, script: elsewhere });
      await retype(form, "./report", "./report --here");
      await bob.button("Save script").click();
      await page.getByText("You yourself, in another window, saved revision 3 of cold while you were changing revision 2.").waitFor();
      await bob.button("Save the merge").click();
      await bob.notice("cold is kept as revision 4.").waitFor();
      assert.match(await form.script(), /walltime=00:30:00[^]*--here/);
      await bob.button("Submit job").click();
      await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
      await page.goto(`${page.url()}?tab=script`);
      await page.getByText("Your script; you see it alone.").waitFor();
      await page.getByRole("cell", { name: "ben", exact: true }).first().waitFor();
    });
    const own = await bob.api("GET", "/scripts");
    assert.deepEqual(own.items.map(({ name, n_revisions }) => [name, n_revisions]), [["cold", 4]]);
    // Taken out of the group, the reader is shown nothing more.
    await explaining("taken out", held.world, ada, async () => {
      const { page } = ada;
      await page.goto("/settings?tab=groups");
      await ada.button("Remove: ben").click();
      await page.getByRole("dialog").getByRole("button", { name: "Take out" }).click();
      await page.getByRole("rowheader", { name: "ben", exact: true }).waitFor({ state: "detached" });
    });
    assert.deepEqual((await bob.api("GET", "/scripts?shared=true")).items, []);
  });

  it("a shared application shows its commands, which those pin who may change it", async () => {
    const { ada, bob, host, group } = await twoInAGroup("alma", "bert", "Read: see and copy");
    const { application } = await builtApplication(held.world, ada, host);
    await ada.api("POST", `/applications/${application}/commands/pin`, { commands: COMMANDS });
    await explaining("sharing an application", held.world, ada, async () => {
      await ada.page.goto(`/applications/${application}`);
      await ada.heading("heat").waitFor();
      await shareWithPhysics(ada, "application");
    });
    await explaining("an application of somebody else", held.world, bob, async () => {
      const { page } = bob;
      await page.goto("/applications");
      await page.getByRole("region", { name: "Shared with you" }).getByRole("link", { name: "heat", exact: true }).click();
      await page.getByText("alma’s application, shared with Physics. Your role: read.").waitFor();
      await page.getByText("./heat --steps 100").waitFor();
      assert.match(await bob.button("Unpin ./prepare").getAttribute("title"), /Your role in the group is read/);
      await inEveryLook(bob, "application-shared");
      await ada.api("PUT", `/groups/${group}/members/bert`, { role: "edit" });
      await page.reload();
      await bob.button("Unpin ./prepare").click();
      await page.getByText("Not used yet").waitFor();
    });
    assert.deepEqual((await ada.api("GET", `/applications/${application}/commands`)).items, []);
  });
});
