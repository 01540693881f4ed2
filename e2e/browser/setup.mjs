// What the tests of the pages start from: somebody with an account on the host, an application and jobs, made over the API.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { heatArchive } from "./archive.mjs";
import { LOGIN, PASSWORD } from "./harness.mjs";

/** Creates an account over the API; nobody is signed in yet. */
export async function createAccount(person, userName, displayName = userName) {
  const account = { user_name: userName, display_name: displayName, email: `${userName}@example.org`, password: PASSWORD };
  return person.api("POST", "/accounts", account);
}

/** A signed-in person whose account on the host is checked. */
export async function readyPerson(world, userName, displayName) {
  const person = await world.person();
  const created = await createAccount(person, userName, displayName);
  world.install(created.ssh_key.authorized_keys_line);
  await person.api("POST", "/sessions", { user_name: userName, password: PASSWORD });
  const hosts = await person.api("GET", "/hosts");
  const host = hosts.items[0].id;
  await person.api("PUT", `/hosts/${host}/account`, { login: LOGIN });
  const report = await person.api("POST", `/hosts/${host}/check`);
  assert.ok(report.is_ok, JSON.stringify(report));
  return { person, host };
}

/** An application on the host, built. */
export async function builtApplication(world, person, host) {
  const archive = heatArchive();
  const response = await person.context.request.post("/api/v1/applications", {
    headers: { "X-PBSWeb": "1" },
    multipart: { name: "heat", host, archive },
  });
  assert.equal(response.status(), 201, await response.text());
  const application = await response.json();
  writeFileSync(join(world.home, "pbsweb", "build-may-end"), "");
  const build = await person.api("POST", `/applications/${application.id}/builds`, { host });
  // Ends when the build has.
  const output = await person.context.request.get(`/api/v1/builds/${build.id}/output?follow=true`);
  assert.match(await output.text(), /heat is built/);
  return { application: application.id, build: build.id };
}

/** A job, when `isSo` of it. */
export async function submitJob(person, job, isSo = () => true) {
  const response = await person.context.request.post("/api/v1/jobs?wait=20", {
    headers: { "X-PBSWeb": "1", "Idempotency-Key": crypto.randomUUID() },
    data: job,
  });
  assert.equal(response.status(), 201, await response.text());
  let now = await response.json();
  // The server answers when something changed: nothing here goes round idly.
  while (!isSo(now)) {
    assert.ok(!now.ended_at, `the job has ended: ${JSON.stringify(now)}`);
    now = await person.api("GET", `/jobs/${now.id}?wait=10&until=change`);
  }
  return now;
}

/** A scientist with something on every page: an application, and jobs that ended well, failed, run and wait. */
export async function busyPerson(world) {
  const { person, host } = await readyPerson(world, "ada", "Ada");
  const { application } = await builtApplication(world, person, host);
  const hasEnded = ({ state }) => ["completed", "failed"].includes(state);
  const isRunning = ({ state }) => state === "running";
  const script = { name: "heat-flow", walltime: "0:05:00", chunks: [{ ncpus: "1" }], commands: "./heat" };
  const ended = await submitJob(person, { host, application, script }, hasEnded);
  const failing = { ...script, name: "fails", walltime: "0:10:00", commands: "no-such-command" };
  const failed = await submitJob(person, { host, application, script: failing }, hasEnded);
  const running = await submitJob(person, { host, script: { ...script, name: "runs", commands: "sleep 3600" } }, isRunning);
  await submitJob(person, { host, script: { ...script, name: "waits", hold: true } });
  await person.api("POST", "/me/tokens", { name: "nightly runs", expires_in_days: 30 });
  return { person, host, application, ended: ended.id, failed: failed.id, running: running.id };
}
