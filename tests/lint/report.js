// What a browser finds in reports: node report.js CHROMIUM FOLDER…
//
// Each FOLDER has a report.html. In light and dark, at 1280 and 390 pixels: axe-core has no violation
// (WCAG 2.2 AA and its best practices), the page is not wider than the window, nothing is blocked by
// the page's own policy, what scrolls can be reached by keyboard. On paper: black on white whatever
// the screen's scheme, and nothing stays folded. Exit status 1 with a line per finding.
"use strict";
const path = require("path");
const fs = require("fs");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

async function open(browser, folder, colorScheme, width) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  page.said = [];
  page.on("console", (message) => page.said.push(message.text()));
  await page.goto("file://" + path.resolve(folder, "report.html"));
  return page;
}

async function violations(page) {
  await page.evaluate(axe);
  // Without preload: that fetches the style sheet, which the page's policy rightly blocks.
  const options = { resultTypes: ["violations"], preload: false };
  const found = await page.evaluate((o) => window.axe.run(document, o), options);
  return found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes[0].target} (${v.nodes.length})`);
}

async function onScreen(browser, folder, colorScheme, width) {
  const page = await open(browser, folder, colorScheme, width);
  const problems = await page.evaluate(() => {
    const out = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) out.push(`the page is ${root.scrollWidth} pixels wide`);
    document.querySelectorAll("details").forEach((d) => (d.open = true));
    document.querySelectorAll("*").forEach((e) => {
      const scrolls = /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth;
      if (scrolls && e.tabIndex < 0) out.push(`${e.className} scrolls without a keyboard`);
    });
    if (getComputedStyle(document.body).margin !== "0px") out.push("the style sheet is not applied");
    return out;
  });
  // With every part unfolded: axe does not look at what is hidden.
  problems.push(...(await violations(page)), ...page.said);
  await page.context().close();
  return problems.map((text) => `${folder}, ${colorScheme}, ${width} px: ${text}`);
}

async function onPaper(browser, folder) {
  const page = await open(browser, folder, "dark", 680);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const problems = await page.evaluate(() => {
    const out = [];
    const paper = getComputedStyle(document.body).backgroundColor;
    if (paper !== "rgb(255, 255, 255)") out.push(`the paper is ${paper}`);
    document.querySelectorAll("details").forEach((d) => {
      if (d.getBoundingClientRect().height < 60) out.push(`${d.innerText.trim()} stays folded`);
    });
    document.querySelectorAll(".scroll").forEach((e) => {
      if (e.scrollWidth > e.clientWidth) out.push(`${e.ariaLabel} is cut off`);
    });
    if ([...document.querySelectorAll(".chart-narrow")].some((c) => c.getClientRects().length > 0))
      out.push("the charts are those of a narrow screen");
    return out;
  });
  await page.context().close();
  return problems.map((text) => `${folder}, printed: ${text}`);
}

(async () => {
  const [executablePath, ...folders] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const problems = [];
  for (const folder of folders) {
    for (const scheme of ["light", "dark"])
      for (const width of [1280, 390]) problems.push(...(await onScreen(browser, folder, scheme, width)));
    problems.push(...(await onPaper(browser, folder)));
  }
  await browser.close();
  problems.forEach((line) => console.error(line));
  process.exitCode = problems.length > 0 ? 1 : 0;
})();
