// The main job, from nothing to a job that is composed again from the past: what a scientist does on the first day.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { heatArchive } from "./archive.mjs";
import { ComposeForm } from "./compose.mjs";
import { HOST, LOGIN, PASSWORD, storySteps, worldOfFile } from "./harness.mjs";
import { hasFocus } from "./usable.mjs";

const held = worldOfFile();

/** The job of the story: whatever a host can run at once is in it. */
const JOB = {
  Name: "heat-flow",
  Walltime: "00:05:00",
  Queue: "workq",
  chunks: [{ Chunks: "1", Processors: "2", "MPI processes": "2", "OpenMP threads": "1", Memory: "200mb" }],
  Commands: './heat\necho "step one"\nwhile [ ! -e "$HOME/job-may-end" ]; do sleep 0.05; done\necho "colour $COLOUR"',
  "Join output and errors": "Both into the output file (oe)",
  "Mail to": "ada@example.org",
  "it is aborted": true,
  "it ends": true,
  variables: [
    { Variable: "COLOUR", Value: "blue, \"light\"" },
    { Variable: "STEPS", Value: "100" },
  ],
  "May be run again": "No (n)",
  Priority: "10",
  "Name in the history": "",
};

test("a scientist's first day", async (t) => {
  const world = held.world;
  const ada = await world.person();
  const { page } = ada;
  const step = storySteps(t, () => world, () => ada);
  const form = new ComposeForm(page);
  const outputOf = (name) => page.getByRole("region", { name, exact: true });
  const state = (word) => page.getByRole("region", { name: "State", exact: true }).getByText(word, { exact: true });
  const jobMayEnd = join(world.home, "job-may-end");
  let firstJob;

  await step("an account is created, and its key shown", async () => {
    await page.goto("/");
    await page.waitForURL("**/sign-in");
    await page.getByRole("link", { name: "Create an account" }).click();
    await ada.heading("Create an account").waitFor();
    await ada.field("Login name (required)").fill("ada");
    await ada.field("Name shown to others").fill("Ada");
    await ada.field("Mail address").fill("ada@example.org");
    await ada.field("Password (required)").fill(PASSWORD);
    await ada.field("Password again (required)").fill(PASSWORD);
    await ada.button("Create account").click();
    await ada.heading("Connect your hosts").waitFor();
    // From here on nothing loads the page anew: what is marked now is marked at the end.
    await page.evaluate(() => {
      window.isTheSamePage = true;
    });
  });

  await step("a check without the key says in words what is missing", async () => {
    await ada.field("Your login name there").fill(LOGIN);
    await ada.button("Save and check").click();
    await page.getByText("Something must be mended first.").waitFor();
    await page.getByText("Failed", { exact: true }).first().waitFor();
    await ada.picture("connect-hosts-check-failed");
  });

  await step("with the key installed, the host is ready", async () => {
    const line = await outputOf("the key line").innerText();
    assert.match(line, /ssh-ed25519 AAAA\S+ \S*pbsweb/i);
    world.install(line);
    await ada.button("Check").click();
    await page.getByText("All that is needed works.").waitFor();
    await ada.picture("connect-hosts-check-passed");
  });

  await step("an application is uploaded", async () => {
    await ada.mainLink("Applications").click();
    await ada.heading("Applications").waitFor();
    await ada.field("Source archive").setInputFiles(heatArchive());
    assert.equal(await ada.field("Name").inputValue(), "heat");
    await ada.button("Upload").click();
    await ada.heading("heat").waitFor();
    await page.getByRole("region", { name: "Where it stands" }).getByText(HOST, { exact: true }).waitFor();
  });

  await step("it is built, with its output as it comes", async () => {
    await ada.button("Start build").click();
    const output = outputOf("Output of the build");
    await output.filter({ hasText: "compiling heat" }).waitFor();
    assert.doesNotMatch(await output.innerText(), /heat is built/);
    await page.getByText("Running", { exact: true }).first().waitFor();
    await ada.picture("application-building");
    writeFileSync(join(world.home, "pbsweb", "build-may-end"), "");
    await output.filter({ hasText: "heat is built" }).waitFor();
    await page.getByText("Succeeded", { exact: true }).first().waitFor();
    await ada.button("Cancel build").waitFor({ state: "detached" });
  });

  await step("a job is composed, and its script shown beside the form", async () => {
    await page.getByRole("link", { name: "New job with it" }).click();
    await ada.heading("New job").waitFor();
    await form.queue("workq").waitFor();
    await form.unfold();
    await form.fill({ ...JOB, Host: HOST, Application: "heat" });
    await form.assertShows({ ...JOB, Host: HOST, Application: "heat" });
    const script = await form.script();
    for (const line of ["#PBS -N heat-flow", "#PBS -q workq", "walltime=00:05:00", "#PBS -j oe", "./heat"]) {
      assert.ok(script.includes(line), `${line} is not in\n${script}`);
    }
  });

  await step("it is submitted, runs, and ends while one watches", async () => {
    await form.submit();
    await ada.heading("Job heat-flow").waitFor();
    await state("Running").waitFor();
    const output = outputOf("Text of standard output");
    await output.filter({ hasText: "step one" }).waitFor();
    assert.match(await output.innerText(), /centre 0\.\d+/);
    await ada.picture("job-running");
    writeFileSync(jobMayEnd, "");
    await state("Completed").waitFor();
    firstJob = page.url();
    assert.ok(await page.evaluate(() => window.isTheSamePage), "the page was loaded anew");
  });

  await step("its output is read to the end", async () => {
    await outputOf("Text of standard output").filter({ hasText: 'colour blue, "light"' }).waitFor();
    await page.getByText(/, complete$/).waitFor();
    const facts = page.getByRole("region", { name: "State", exact: true });
    assert.match(await facts.innerText(), /Exit status\s+0/);
    await page.getByRole("link", { name: "Timeline", exact: true }).click();
    const timeline = page.getByRole("region", { name: "Timeline", exact: true });
    for (const word of ["Queued", "Running", "Completed"]) {
      await timeline.getByText(word, { exact: true }).or(timeline.getByText("Submitting", { exact: true })).first().waitFor();
    }
    await page.getByRole("link", { name: "Script", exact: true }).click();
    await outputOf("the script").filter({ hasText: "#PBS -N heat-flow" }).waitFor();
    await page.getByRole("link", { name: "Files", exact: true }).click();
    await page.getByRole("region", { name: "Files of the job" }).waitFor();
  });

  await step("picking the past job fills every field, without the network", async () => {
    await ada.mainLink("New job").click();
    await form.past("heat-flow").first().waitFor();
    await form.ready("heat");
    await page.getByLabel("Walltime", { exact: true }).fill("1:11:11");
    const milliseconds = await form.withSilentServer(async () => {
      const milliseconds = await form.pick("heat-flow");
      await form.assertShows({ ...JOB, Host: HOST, Application: "heat" });
      return milliseconds;
    });
    t.diagnostic(`from picking to filled: ${milliseconds.toFixed(1)} ms`);
  });

  await step("one field is changed, and the job submitted again", async () => {
    rmSync(jobMayEnd);
    await form.fill({ Walltime: "00:07:00" });
    await form.submit();
    await ada.heading("Job heat-flow").waitFor();
    await state("Running").waitFor();
    assert.notEqual(page.url(), firstJob);
    await page.getByText("up to 0:07:00").or(page.getByText("of 0:07:00")).first().waitFor();
  });

  await step("every field of a job comes back, also those of jobs that wait", async () => {
    const running = page.getByRole("region", { name: "State", exact: true });
    const [id] = /\d+\.[\w.-]+/.exec(await running.innerText());
    const everything = {
      ...JOB,
      Host: HOST,
      Application: "heat",
      Name: "everything",
      chunks: [...JOB.chunks, { Chunks: "2", Processors: "1", Memory: "100mb", GPUs: "", "Other resources": "" }],
      "Join output and errors": "Apart (n)",
      "Output file": "out.txt",
      "Error file": "err.txt",
      "it begins": true,
      dependencies: [{ When: "after they have ended (afterany)", Jobs: id }],
      "Start after": "2037-01-02T03:04",
      Hold: true,
      Account: "acct-7",
      Project: "physics",
      Placement: "free",
      Shell: "/bin/sh",
      "Extra directives": "-W block=false",
      "File permissions": "027",
      "Name in the history": "with everything",
    };
    await ada.mainLink("New job").click();
    await form.past("heat-flow").first().click();
    await form.unfold();
    await form.fill(everything);
    const typed = await form.read();
    await form.submit();
    await ada.heading("Job everything").waitFor();
    await state("Held").waitFor();
    await ada.mainLink("New job").click();
    await form.ready("heat");
    await form.past("heat-flow").first().click();
    await form.withSilentServer(async () => {
      await form.pick("with everything");
      assert.deepEqual(await form.read(), typed);
      await form.assertShows({ ...everything, "Start after": typed["Start after"] });
    });
  });

  await step("all are among the jobs", async () => {
    await ada.mainLink("Jobs").click();
    const table = page.getByRole("table", { name: /^Your jobs/ });
    await table.getByRole("link", { name: "everything", exact: true }).waitFor();
    assert.equal(await table.getByRole("link", { name: "heat-flow", exact: true }).count(), 2);
    await table.getByText("Completed", { exact: true }).waitFor();
    await table.getByText("Running", { exact: true }).waitFor();
    await table.getByText("Held", { exact: true }).waitFor();
  });

  await step("a running job is deleted, after a question", async () => {
    const row = page.getByRole("row").filter({ hasText: "Running" });
    await row.getByRole("link", { name: "heat-flow" }).click();
    await ada.heading("Job heat-flow").waitFor();
    await ada.button("Delete").click();
    const question = page.getByRole("dialog", { name: "Delete job heat-flow?" });
    const cancel = question.getByRole("button", { name: "Cancel" });
    await hasFocus(cancel);
    await cancel.press("Enter");
    await question.waitFor({ state: "hidden" });
    await hasFocus(ada.button("Delete"));
    await state("Running").waitFor();
    await ada.button("Delete").click();
    await question.getByRole("button", { name: "Delete job" }).click();
    await state("Deleted").waitFor();
    await question.waitFor({ state: "hidden" });
    await ada.picture("job-deleted");
    assert.ok(await page.evaluate(() => window.isTheSamePage), "the page was loaded anew");
  });

  await step("signing out ends it on the server", async () => {
    await ada.button("Sign out").click();
    await ada.heading("Sign in").waitFor();
    const response = await ada.context.request.get("/api/v1/me");
    assert.equal(response.status(), 401);
  });
});
