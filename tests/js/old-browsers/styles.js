/** What of a style sheet an old browser would not understand. Whatever stands in `@supports` asked first. */

import * as csstree from "css-tree";
import {TABLE, lacking} from "./targets.js";

const {properties, selectors, types} = TABLE.css;
const RULES = TABLE.css["at-rules"];

/** Functions by name: of colours, of shapes, of easing. @type {Map<string, any>} */
const FUNCTIONS = new Map(
  Object.entries(types).flatMap(([type, entry]) => [...(type === "length" ? [] : Object.entries(entry)), [type, entry]]),
);

/** The units of the screen as a phone shows it are one entry each of three. @type {Record<string, string>} */
const UNIT_GROUP = {d: "viewport_percentage_units_dynamic", s: "viewport_percentage_units_small", l: "viewport_percentage_units_large"};

/** @typedef {{line: number, name: string, text: string}} Find */

/** @param {any} node @returns {Record<string, any>} name to entry of what one node needs */
const needsOfValue = (node) => {
  if (node.type === "Function") {
    return {[`${node.name}()`]: FUNCTIONS.get(node.name)};
  }
  if (node.type === "Dimension") {
    const group = /^[dsl]v(h|w|i|b|min|max)$/.test(node.unit) ? UNIT_GROUP[node.unit[0]] : node.unit;
    return {[node.unit]: types.length[group]};
  }
  return {};
};

/** Whether a declaration says something for those who do not know another. @param {any} one @param {any} other */
const isOtherWay = (one, other) =>
  one.type === "Declaration" &&
  ((one.property === other.property && one.loc.start.offset < other.loc.start.offset) ||
    /^-(webkit|moz)-/.test(one.property) && one.property.endsWith(`-${other.property}`));

/**
 * What a declaration needs: its property, the words, functions and units of its value. Nothing when the block has said
 * the same before in a way that everybody knows, or under a browser's own name.
 * @param {any} declaration @param {any} block
 */
const needsOf = (declaration, block) => {
  const property = declaration.property;
  const others = block ? block.children.toArray().filter((/** @type {any} */ each) => each !== declaration) : [];
  if (property.startsWith("-") || others.some((/** @type {any} */ each) => isOtherWay(each, declaration))) {
    return {};
  }
  const entry = properties[property] || {};
  /** @type {Record<string, any>} */
  const needs = {[property]: entry};
  csstree.walk(declaration.value, (node) => {
    Object.assign(needs, needsOfValue(node));
    if (node.type === "Identifier" && entry[node.name]) {
      needs[`${property}: ${node.name}`] = entry[node.name];
    }
  });
  return needs;
};

/** Of a rule's block: where gaps are meant for flexible boxes, which learned them later. @param {any} block */
const gapsOf = (block) => {
  const declarations = block.children.toArray().filter(({type}) => type === "Declaration");
  const isGrid = declarations.some((each) => /^grid|^columns?/.test(each.property) || /grid/.test(csstree.generate(each.value)));
  return isGrid ? [] : declarations.filter(({property}) => /^(row-|column-)?gap$/.test(property));
};

/** @param {any} feature of a media query @returns {Record<string, any>} */
const needsOfFeature = (feature) => ({
  [`@media (${feature.name})`]: RULES.media[feature.name.replace(/^(min|max)-/, "")],
});

/** What one node needs, by name. @param {any} node @param {any} block it stands in @returns {Record<string, any>} */
const needsOfNode = (node, block) => {
  switch (node.type) {
    case "Declaration":
      return needsOf(node, block);
    case "PseudoClassSelector":
    case "PseudoElementSelector":
      return {[`:${node.name}`]: selectors[node.name]};
    case "NestingSelector":
      return {"nesting": selectors.nesting};
    case "Atrule":
      return {[`@${node.name}`]: RULES[node.name]};
    case "Feature":
      return needsOfFeature(node);
    case "FeatureRange":
      return {"@media with <": RULES.media.range_syntax};
    default:
      return {};
  }
};

/** Everything of a style sheet that one of the old browsers lacks. @param {string} source @returns {Find[]} */
export const tooNew = (source) => {
  /** @type {Find[]} */
  const finds = [];
  const note = (/** @type {any} */ node, /** @type {string} */ name, /** @type {any} */ entry) => {
    const browsers = lacking(entry);
    const line = node.loc.start.line;
    if (browsers.length > 0 && !finds.some((find) => find.line === line && find.name === name)) {
      finds.push({line, name, text: `${name} is not in ${browsers.join(", ")}`});
    }
  };
  const onParseError = (/** @type {any} */ {line, message}) => finds.push({line, name: "unreadable", text: message});
  let rules = 0;
  csstree.walk(csstree.parse(source, {positions: true, parseCustomProperty: false, onParseError}), {
    enter(node) {
      if (this.atrule && this.atrule.name === "supports" && node.type !== "Atrule") {
        return this.skip;
      }
      if (node.type === "Rule") {
        rules += 1;
        if (rules > 1 && !(this.atrule && this.atrule.name === "keyframes")) {
          note(node, "nesting", selectors.nesting);
        }
        gapsOf(node.block).forEach((gap) => note(gap, `${gap.property} without a grid`, properties[gap.property].flex_context));
      }
      Object.entries(needsOfNode(node, this.block)).forEach(([name, entry]) => note(node, name, entry));
      return undefined;
    },
    leave(node) {
      rules -= node.type === "Rule" ? 1 : 0;
    },
  });
  return finds;
};
