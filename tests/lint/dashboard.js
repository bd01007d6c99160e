// What a browser finds in the dashboard: node dashboard.js CHROMIUM URL
//
// URL is that of a `perfgate serve`. In light and dark, at 1280 and 390 pixels, live and after the
// connection is lost: axe-core has no violation (WCAG 2.2 AA and its best practices), the page is not
// wider than the window, nothing is blocked by its own policy. Exit status 1 with a line per finding.
"use strict";
const fs = require("fs");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// The page's policy forbids waitForFunction(), which evaluates text in it.
async function until(page, expression) {
  for (const end = Date.now() + 30000; !(await page.evaluate(expression)); await page.waitForTimeout(50))
    if (Date.now() > end) throw new Error("never true: " + expression);
}

async function look(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], preload: false }));
  const problems = found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes[0].target} (${v.nodes.length})`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) problems.push(`the page is ${wide} pixels too wide`);
  return problems.map((text) => `dashboard, ${what}: ${text}`);
}

(async () => {
  const [executablePath, url] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const problems = [];
  for (const colorScheme of ["light", "dark"])
    for (const width of [1280, 390]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      page.on("console", (message) => problems.push(`dashboard: ${message.text()}`));
      await page.goto(url + "/dashboard");
      await until(page, "document.querySelector('#state').textContent === 'Live' && samples.length > 1");
      problems.push(...(await look(page, `${colorScheme}, ${width} px`)));
      await page.evaluate("connect = () => {}, socket.close()");
      await until(page, "document.querySelector('#state').textContent === 'Disconnected'");
      problems.push(...(await look(page, `${colorScheme}, ${width} px, disconnected`)));
      await context.close();
    }
  await browser.close();
  problems.forEach((line) => console.error(line));
  process.exitCode = problems.length > 0 ? 1 : 0;
})();
