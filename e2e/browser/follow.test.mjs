// Lists that stay open follow their jobs, also after their rows were drawn anew or taken away.
import { describe, it } from "node:test";

import { explaining, worldOfFile } from "./harness.mjs";
import { readyPerson, submitJob } from "./setup.mjs";

const held = worldOfFile();

/** Somebody at this page, with one held job; `submit` makes another and waits until the page shows it. */
async function at(userName, path, body) {
  const { person, host } = await readyPerson(held.world, userName, userName);
  const row = (name) => person.page.getByRole("link", { name, exact: true });
  const make = (name) => {
    const chunks = [{ ncpus: "1" }];
    return submitJob(person, { host, script: { name, walltime: "0:05:00", chunks, commands: "sleep 3600", hold: true } });
  };
  const submit = async (name) => {
    const job = await make(name);
    await row(name).waitFor();
    return job;
  };
  await explaining(`follow-${userName}`, held.world, person, async () => {
    const first = await make("first");
    await person.page.goto(path);
    await row("first").waitFor();
    await body(person, first, submit, row);
    held.world.assertNoErrors();
  });
}

const act = (person, job, action) => person.api("POST", `/jobs/${job.id}/${action}`, {});

describe("lists that stay open", () => {
  it("the latest jobs on the home page", () =>
    at("ada", "/", async (person, first, submit) => {
      const is = (state) => person.page.getByRole("listitem").filter({ hasText: "first" }).getByText(state).first().waitFor();
      await submit("second");
      await act(person, first, "release");
      await is("Running");
      await submit("third");
      await act(person, first, "delete");
      await is("Deleted");
    }));

  it("the list of jobs, with a filter", () =>
    at("bob", "/jobs", async (person, first, submit, row) => {
      const second = await submit("second");
      await person.field("Search").fill("second");
      await row("first").waitFor({ state: "detached" });
      // Changes of a job whose row is gone come before those of one that is shown.
      await act(person, first, "delete");
      await person.api("GET", `/jobs/${first.id}?wait=20&until=ended`);
      await act(person, second, "delete");
      await person.page.getByRole("row").filter({ hasText: "second" }).getByText("Deleted").first().waitFor();
    }));
});
