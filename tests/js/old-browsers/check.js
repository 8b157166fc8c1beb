/**
 * Says what of the shipped scripts and styles the oldest browsers would not understand. Started at the top of the
 * project, with the worklets as one script on the standard input.
 */

import {ESLint} from "eslint";
import {globSync, readFileSync} from "node:fs";
import {ALLOWED_APIS, ALLOWED_STYLES} from "./allowed.js";
import {missingApis} from "./apis.js";
import {tooNew} from "./styles.js";

/** @typedef {{file: string, line: number, name: string, text: string}} Problem */

/** @param {string} file */
const inProject = (file) => (file.startsWith(process.cwd()) ? file.slice(process.cwd().length + 1) : file);

/** @param {string} worklets @returns {Promise<Problem[]>} */
const syntax = async (worklets) => {
  const lint = new ESLint({overrideConfigFile: "tests/js/eslint.config.js"});
  const files = await lint.lintFiles(["static/js/**/*.js"]);
  const together = await lint.lintText(worklets, {filePath: "static/js/voice/worklets.js"});
  return [...files, ...together].flatMap(({filePath, messages}) =>
    messages.map(({line, ruleId, message}) => ({file: inProject(filePath), line, name: ruleId || "syntax", text: message})),
  );
};

/** @returns {Problem[]} */
const apis = () =>
  missingApis(`${process.cwd()}/tests/js/tsconfig.json`).map((find) => ({...find, file: inProject(find.file)}));

// Django's own admin asks for current browsers, and so do our styles for it.
const styles = () =>
  globSync("static/css/**/*.css")
    .filter((file) => !file.startsWith("static/css/admin"))
    .sort()
    .flatMap((file) => tooNew(readFileSync(file, "utf8")).map((find) => ({file, ...find})));

/**
 * What is not allowed, and what is allowed and nowhere.
 * @param {Problem[]} problems
 * @param {import("./allowed.js").Allowed[]} allowed
 */
const judged = (problems, allowed) => {
  const is = (/** @type {Problem} */ problem, /** @type {import("./allowed.js").Allowed} */ entry) =>
    problem.name === entry.name && problem.file.endsWith(entry.file);
  const left = problems.filter((problem) => !allowed.some((entry) => is(problem, entry)));
  const idle = allowed.filter((entry) => !problems.some((problem) => is(problem, entry)));
  return [
    ...left.map(({file, line, text}) => `${file}:${line}: ${text}`),
    ...idle.map(({file, name}) => `tests/js/old-browsers/allowed.js: ${name} is in no ${file || "file"} any more`),
  ];
};

const worklets = readFileSync(0, "utf8");
const complaints = [
  ...judged(await syntax(worklets), []),
  ...judged(apis(), ALLOWED_APIS),
  ...judged(styles(), ALLOWED_STYLES),
];
complaints.forEach((each) => console.log(each));
if (complaints.length > 0) {
  console.log(`${complaints.length} things an old browser would not understand. tests/js/old-browsers says which are meant.`);
  process.exitCode = 1;
}
