// Accessibility faults of a page, found by axe-core.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The faults that keep somebody out, as readable lines. `evaluate(script)` runs a script in the page and awaits it. */
export async function seriousFaults(evaluate) {
  await evaluate(`if (!window.axe) { ${SOURCE} }`);
  return evaluate(`
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, help, nodes }) =>
        nodes.map(({ target, failureSummary }) => id + ": " + help + ": " + target.join(" ") + ": " + failureSummary.replaceAll("\\n", " ")),
      );`);
}
