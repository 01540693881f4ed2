// One test's world: a simulated host, a server that knows it, and a browser. Everything is started from nothing, in a folder of
// its own, and stopped at the end, also after a failure. What the pages look like is for the tests: nothing here knows a label
// but those of the sign-in.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

const root = resolve(import.meta.dirname, "../..");
const artefacts = join(root, "e2e/artefacts");
const programs = resolve(process.env.PROGRAMS_DIR ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug"));

/** Long enough for a busy machine; a test that waits so long has failed. */
export const PATIENCE_MS = 30_000;
/** Everybody's password. */
export const PASSWORD = "correct horse battery staple";
/** The name of the simulated host in PBSWeb. */
export const HOST = "cluster";
/** The account on it. */
export const LOGIN = "alice";
/** A phone. */
export const PHONE = { width: 360, height: 740 };
/** A screen. */
export const DESKTOP = { width: 1280, height: 900 };

/** What the private database, the programs and the browser must not take from whoever runs the tests. */
const surroundings = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(PBSWEB_|PBS_SIM_|DATABASE_URL$|PG)/.test(name)),
);

/**
 * A program that is started, told to stop and waited for.
 */
class Program {
  #process;
  #output = "";
  #name;

  constructor(name, args, env = {}) {
    this.#name = name;
    this.#process = spawn(join(programs, name), args, { env: { ...surroundings, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    this.exited = once(this.#process, "exit");
    // A program that cannot be started is told by whoever waits for it.
    this.exited.catch(() => {});
    // One that ends without reading its input is judged by its status.
    this.#process.stdin.on("error", () => {});
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.#output = (this.#output + text).slice(-100_000);
      });
    }
    running.add(this);
    this.exited.finally(() => running.delete(this)).catch(() => {});
  }

  /** What it wrote, most recent last. */
  get output() {
    return this.#output;
  }

  /** The match of a line that it prints when it is ready. */
  async line(pattern) {
    const lines = createInterface({ input: this.#process.stdout });
    const found = (async () => {
      for await (const line of lines) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      return null;
    })();
    const match = await within(PATIENCE_MS * 2, found, `${this.#name} to be ready`, () => this.#output);
    assert.ok(match, `${this.#name} ended before it was ready:\n${this.#output}`);
    this.#process.stdout.resume();
    return match;
  }

  /** Gives it this input and waits until it has ended well. */
  async finish(input = "") {
    this.#process.stdin.end(input);
    const [status] = await within(PATIENCE_MS * 2, this.exited, `${this.#name} to end`, () => this.#output);
    assert.equal(status, 0, `${this.#name} failed:\n${this.#output}`);
    return this.#output;
  }

  /** Asks it to stop, and insists when it does not. */
  async stop() {
    this.#process.kill("SIGTERM");
    try {
      await within(PATIENCE_MS, this.exited, `${this.#name} to stop`, () => this.#output);
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  kill() {
    this.#process.kill("SIGKILL");
  }

  /** Stops it where it is, its connections open; or lets it go on. */
  freeze(isFrozen) {
    this.#process.kill(isFrozen ? "SIGSTOP" : "SIGCONT");
  }
}

const running = new Set();
process.on("exit", () => {
  for (const program of running) program.kill();
});

async function within(milliseconds, promise, what, explain = () => "") {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${what}\n${explain()}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Starts Chromium. When it dies of a signal of its own before it has seen a page, it is started once more, and that is said. */
async function launch() {
  const start = () =>
    chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ],
      timeout: PATIENCE_MS * 2,
    });
  try {
    return await start();
  } catch (error) {
    if (!/signal=SIG(SEGV|TRAP|ILL|BUS)/.test(error.message)) throw error;
    console.error(`Chromium died while it was being started: ${error.message}`);
    return start();
  }
}

/** The simulated host, its server, and a browser. */
export class World {
  #folder;
  #sim;
  #server;
  #browser;
  #people = [];
  #environment;

  /** `host`: further arguments of the simulated host. */
  static async start({ host = [] } = {}) {
    const world = new World();
    try {
      await world.#start(host);
    } catch (error) {
      await world.stop().catch(() => {});
      throw error;
    }
    return world;
  }

  async #start(host) {
    for (const name of ["pbsweb", "pbs-sim"]) {
      assert.ok(existsSync(join(programs, name)), `${join(programs, name)} is not built; PROGRAMS_DIR names another folder`);
    }
    this.#folder = mkdtempSync(join(tmpdir(), "pbsweb-browser-"));
    // Started by root, the database runs as somebody else.
    chmodSync(this.#folder, 0o755);
    this.hostFolder = join(this.#folder, "host");
    mkdirSync(this.hostFolder);
    this.home = join(this.hostFolder, "home", LOGIN);
    const place = ["--dir", this.hostFolder, "--port", "0", "--account", `${LOGIN}:bash`];
    this.#sim = new Program("pbs-sim", ["serve", ...place, ...host]);
    const [, address, port, key] = await this.#sim.line(/^pbs-sim ready at (.+):(\d+) (ssh-\S+ \S+)/);
    this.host = { address, port, key, binFolder: join(this.hostFolder, "bin") };

    this.#environment = {
      PBSWEB_DATA_FOLDER: join(this.#folder, "data"),
      PBSWEB_HTTP_LISTEN: "127.0.0.1:0",
      PBSWEB_HTTP_STOP_TIMEOUT: "2s",
      PBSWEB_SITE_ACCOUNT_POLICY: "open",
      // All tests come from one address.
      PBSWEB_SESSIONS_MAX_FAILED_SIGN_INS: "1000",
      // Quick where production is patient.
      PBSWEB_POLL_INTERVAL: "1s",
      PBSWEB_POLL_IDLE_INTERVAL: "2s",
      PBSWEB_POLL_MAX_LISTINGS_PER_MINUTE: "60",
      PBSWEB_SSH_CONNECTION_INTERVAL: "5ms",
    };
    this.#server = new Program("pbsweb", ["serve"], this.#environment);
    [, this.url] = await this.#server.line(/PBSWeb listens on (https?:\/\/\S+?)\/?$/);
    // One after the other: both are commands on the same database.
    await this.command(["user", "add", "admin", "--admin", "--display-name", "Grace", "--password-stdin"], `${PASSWORD}\n`);
    await this.command([
      ...["host", "add", HOST, address, "--port", port, "--bin-folder", this.host.binFolder],
      ...["--host-key", key, "--description", "A simulated cluster"],
    ]);

    this.#browser = await launch();
  }

  /** Runs a command of the server's program on its database, and gives what it printed. */
  async command(args, input = "") {
    return new Program("pbsweb", args, this.#environment).finish(input);
  }

  /** A fault of the simulated host, from now on; `clear` ends all. */
  async fault(...args) {
    await new Program("pbs-sim", ["fault", "--dir", this.hostFolder, ...args]).finish();
  }

  /** Lets the server hang while its connections stay open, or go on. */
  freezeServer(isFrozen) {
    this.#server.freeze(isFrozen);
  }

  /** A person with a browser profile and one page of their own. */
  async person(options = {}) {
    const context = await this.#browser.newContext({
      ignoreHTTPSErrors: true,
      baseURL: this.url,
      viewport: DESKTOP,
      reducedMotion: "reduce",
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const person = await Person.of(context);
    this.#people.push(person);
    return person;
  }

  /** Lets the account on the host in with a user's key line. */
  install(keyLine) {
    const folder = join(this.home, ".ssh");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, "authorized_keys"), `${keyLine.trim()}\n`, { flag: "a", mode: 0o600 });
  }

  /** The errors of all pages since the last call. */
  takeErrors() {
    return this.#people.flatMap((person) => person.takeErrors());
  }

  /** Fails if any page of anybody reported an error. */
  assertNoErrors() {
    assert.deepEqual(this.takeErrors(), [], "the pages reported errors");
  }

  /** What the server logged, for a failure. */
  get serverLog() {
    return this.#server?.output.slice(-4000) ?? "";
  }

  async stop() {
    const failures = [];
    const attempt = (promise) => promise?.catch((error) => failures.push(error));
    this.#server?.freeze(false);
    await attempt(this.#browser?.close());
    await attempt(this.#server?.stop());
    await attempt(this.#sim?.stop());
    // Whoever minds the database may be clearing up there too.
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    if (failures.length > 0) throw failures[0];
  }
}

/** Somebody in front of a browser. */
export class Person {
  #errors = [];

  static async of(context) {
    const person = new Person();
    person.context = context;
    // Chromium's own words for it are long; these say what was stopped.
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`Content-Security-Policy: ${event.violatedDirective} stopped ${event.blockedURI}`);
      });
    });
    person.page = await context.newPage();
    person.#watch(person.page);
    return person;
  }

  #watch(page) {
    page.on("pageerror", (error) => this.#errors.push(`${page.url()}: ${error.stack ?? error}`));
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      // Browsers call every refusal an error. One of the API's is an answer, which the page shows; a failure (5xx) is an error.
      const isRefusal = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
      if (isRefusal && new URL(message.location().url).pathname.startsWith("/api/")) return;
      this.#errors.push(`${page.url()}: ${message.text()} (${message.location().url})`);
    });
  }

  /** The errors since the last call. */
  takeErrors() {
    return this.#errors.splice(0);
  }

  /** Signs in by the form. */
  async signIn(userName, password = PASSWORD) {
    await this.page.goto("/sign-in");
    await this.fillSignIn(userName, password);
    await this.mainLink("Home").waitFor();
  }

  /** Fills and sends the sign-in form, wherever it came from. */
  async fillSignIn(userName, password = PASSWORD) {
    await this.page.getByLabel("Name", { exact: true }).fill(userName);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  /** A link of the main navigation. */
  mainLink(name) {
    return this.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true });
  }

  /** The heading of the page. */
  heading(name) {
    return this.page.getByRole("heading", { level: 1, name, exact: true });
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** A control by its whole visible label. */
  field(label) {
    return this.page.getByLabel(label, { exact: true });
  }

  /** A short message in the corner. */
  notice(text) {
    return this.page.getByRole("status").filter({ hasText: text });
  }

  /** Asks the API, as the page does. */
  async api(method, path, data) {
    const response = await this.context.request.fetch(`/api/v1${path}`, {
      method,
      data,
      headers: { "X-PBSWeb": "1", accept: "application/json" },
    });
    const text = await response.text();
    assert.ok(response.ok(), `${method} ${path}: ${response.status()} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** A picture of the whole page, left as an artefact of the run. */
  async picture(name) {
    mkdirSync(artefacts, { recursive: true });
    await this.page.screenshot({ path: join(artefacts, `${name}.png`), fullPage: true, animations: "disabled" });
  }

  /** The page as it is now, wide in both themes and as on a phone; `look` is called for each with its name. */
  async inEveryLook(name, look = async () => {}) {
    const { page } = this;
    for (const [colorScheme, viewport] of [["light", DESKTOP], ["dark", DESKTOP], ["light", PHONE]]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.evaluate(() => window.scrollTo(0, 0));
      const title = `${name}-${viewport === PHONE ? viewport.width : colorScheme}`;
      await this.picture(title);
      await look(title, viewport);
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize(DESKTOP);
  }
}

/** A world for the tests of a file: started before them, stopped after them. */
export function worldOfFile(options) {
  const holder = { world: null };
  before(async () => {
    holder.world = await World.start(options);
  });
  after(async () => {
    await holder.world?.stop();
  });
  return holder;
}

/**
 * The steps of a story, in order: after a failed one the rest is skipped, since each stands on those before.
 * What the page showed at the failure is left as a picture, and in words.
 */
export function storySteps(t, world, person) {
  let hasFailed = false;
  return async (name, body) => {
    if (hasFailed) return t.test(name, { skip: "a step before it failed" }, () => {});
    await t.test(name, async () => {
      try {
        await body();
        world().assertNoErrors();
      } catch (error) {
        hasFailed = true;
        throw await explained(error, world(), person(), name);
      }
    });
  };
}

/** Runs a body; a failure says what the page showed. */
export async function explaining(name, world, person, body) {
  try {
    await body();
    world.assertNoErrors();
  } catch (error) {
    throw await explained(error, world, person, name);
  }
}

async function explained(error, world, person, name) {
  const title = `failed-${name.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 60)}`;
  const shown = await person?.page
    .locator("body")
    .ariaSnapshot({ timeout: 2000 })
    .catch(() => "");
  await person?.picture(title).catch(() => {});
  const story = [
    `--- ${person?.page.url()}\n${(shown ?? "").slice(0, 14_000)}`,
    `--- errors of the page\n${world.takeErrors().join("\n")}`,
    `--- the server's log\n${world.serverLog}`,
  ].join("\n");
  error.stack = `${error.stack}\n\n${story}`;
  return error;
}
