// What every page must be: usable by everybody, and no wider than the screen.
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";

const RULES = ["wcag2a", "wcag2aa", "wcag21aa"];

/** Nothing for axe to say. */
export async function assertUsable(person, title) {
  const { page } = person;
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  const said = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${title}: ${id}: ${help}: ${html.slice(0, 200)}: ${failureSummary}`),
  );
  assert.deepEqual(said, []);
}

/** The focus comes to a control. */
export async function hasFocus(control) {
  await control.page().waitForFunction((control) => document.activeElement === control, await control.elementHandle());
}

/** Nothing to scroll sideways. */
export async function assertFits(person, title, width) {
  const tooWide = await person.page.evaluate((width) => {
    if (document.documentElement.scrollWidth <= width) return [];
    const elements = [...document.body.querySelectorAll("*")];
    const wide = elements.filter((element) => element.getBoundingClientRect().right > width + 0.5);
    return wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 160));
  }, width);
  assert.deepEqual(tooWide, [], `${title} scrolls sideways at ${width} pixels`);
}
