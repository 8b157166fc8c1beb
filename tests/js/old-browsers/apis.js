/**
 * What scripts use of the platform that an old browser lacks. TypeScript says to which interface a member belongs, so
 * only what is typed is seen; `Reflect.get` and `"name" in object` are how to ask first, and are no use.
 */

import {API} from "typescript/unstable/sync";
import * as is from "typescript/unstable/ast/is";
import {TABLE, lacking} from "./targets.js";

/** @typedef {{file: string, line: number, name: string, text: string}} Find `file` as the compiler names it */

const BUILTINS = TABLE.javascript.builtins;
const DATE_OPTIONS = BUILTINS.Intl.DateTimeFormat.DateTimeFormat.options_parameter;
const DATE_FORMATS = new Set(["DateTimeFormat", "toLocaleString", "toLocaleDateString", "toLocaleTimeString"]);

/** Every entry of a member's name: TypeScript knows mixins that the table spells out. @type {Map<string, any[]>} */
const ENTRIES = new Map();
for (const holder of [...Object.values(TABLE.api), ...Object.values(BUILTINS)]) {
  for (const [member, entry] of Object.entries(holder)) {
    const name = member.replace(/_static$/, "");
    ENTRIES.set(name, [...(ENTRIES.get(name) || []), entry]);
  }
}

/** Who lacks a global of that name. @param {string} name */
const lacksGlobal = (name) => lacking(BUILTINS[name] || TABLE.api[name] || TABLE.api.Window[name]);

/** @param {string} owner an interface, or a global that is written before the dot @param {string} member */
const entryOf = (owner, member) => {
  const holder = TABLE.api[owner] || BUILTINS[owner] || BUILTINS.Intl[owner];
  return holder && (holder[member] || holder[`${member}_static`]);
};

/** Who lacks a member of any interface, when no interface has it everywhere. @param {string} member */
const lacksAnyway = (member) => {
  const lacks = (ENTRIES.get(member) || []).map(lacking);
  return lacks.length > 0 && lacks.every((each) => each.length > 0) ? [...new Set(lacks.flat())] : [];
};

/** Options of a format of dates: what the call is named after, and the names of what it is given. @param {any} call */
const dateOptions = (call) => {
  const {expression} = call;
  const name = is.isPropertyAccessExpression(expression) ? expression.name.text : "";
  const options = call.arguments && call.arguments[call.arguments.length - 1];
  if (!DATE_FORMATS.has(name) || !options || !is.isObjectLiteralExpression(options)) {
    return [];
  }
  return options.properties.map((property) => property.name).filter((each) => each && is.isIdentifier(each));
};

/** @param {any} source @returns {any[]} all nodes of a file */
const nodesOf = (source) => {
  /** @type {any[]} */
  const nodes = [];
  const visit = (/** @type {any} */ node) => {
    nodes.push(node);
    node.forEachChild(visit);
  };
  visit(source);
  return nodes;
};

/** Whether a name means something of the platform's own: not a key of `dataset`, not one in a comment's type. */
const isPlatforms = (/** @type {any} */ node, /** @type {any} */ symbol) =>
  symbol &&
  symbol.name === node.text &&
  !is.isTypeReferenceNode(node.parent) &&
  symbol.declarations.length > 0 &&
  symbol.declarations.every((/** @type {any} */ each) => /\/lib\.[\w.]+\.d\.ts$/.test(each.path));

/** Who lacks what a name of the platform stands for. @param {any} node @param {any} symbol @returns {string[]} */
const lacksName = (node, symbol) => {
  const access = node.parent;
  if (!is.isPropertyAccessExpression(access) || access.name !== node) {
    return lacksGlobal(node.text);
  }
  const owner = is.isIdentifier(access.expression) ? access.expression.text : "";
  const parent = symbol.getParent();
  const entry = entryOf(owner, node.text) || (parent && entryOf(parent.name, node.text));
  return entry ? lacking(entry) : [...lacksGlobal(node.text), ...lacksAnyway(node.text)];
};

/** What one file uses, as [node, browsers that lack it]. @param {any} source @param {any} checker @returns {[any, string[]][]} */
const usesOf = (source, checker) => {
  const nodes = nodesOf(source);
  const names = nodes.filter((node) => is.isIdentifier(node) && !is.isTypeOfExpression(node.parent));
  const symbols = checker.getSymbolAtLocation(names);
  const options = nodes.filter((node) => is.isCallExpression(node) || is.isNewExpression(node)).flatMap(dateOptions);
  return [
    ...names.map((node, index) => [node, isPlatforms(node, symbols[index]) ? lacksName(node, symbols[index]) : []]),
    ...options.map((name) => [name, lacking(DATE_OPTIONS[`options_${name.text}_parameter`])]),
  ];
};

/** @param {any} source @param {any} node @param {string[]} browsers @returns {Find} without a text where nobody lacks it */
const findOf = (source, node, browsers) => ({
  file: source.fileName,
  line: source.text.slice(0, node.getStart(source)).split("\n").length,
  name: node.text,
  text: browsers.length > 0 ? `${node.text} is not in ${browsers.join(", ")}` : "",
});

/**
 * Everything the scripts of a project use and one of the old browsers lacks.
 * @param {string} configFile its tsconfig.json
 * @returns {Find[]}
 */
export const missingApis = (configFile) => {
  const api = new API();
  try {
    const {program, checker} = api.updateSnapshot({openProjects: [configFile]}).getProjects()[0];
    return program
      .getSourceFileNames()
      .filter((file) => file.endsWith(".js"))
      .map((file) => program.getSourceFile(file))
      .flatMap((source) => usesOf(source, checker).map(([node, browsers]) => findOf(source, node, browsers)))
      .filter(({text}) => text !== "");
  } finally {
    api.close();
  }
};
