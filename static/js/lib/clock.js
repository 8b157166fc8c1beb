/** Times as people read them, in their own language and time zone. Pure but for the reader's locale. */

import {gettext} from "./words.js";

const DAY_MS = 86400000;

/** @type {(date: Date) => Date} */
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** Whole days from `date` to `now`, by the calendar. @type {(date: Date, now: Date) => number} */
const daysAgo = (date, now) => Math.round((midnight(now).getTime() - midnight(date).getTime()) / DAY_MS);

/** "10:42", or "2:25 PM" where that is the custom (with seconds in Firefox before 79). @param {Date} date @param {string} [locale] */
export const timeOfDay = (date, locale) => date.toLocaleTimeString(locale, {timeStyle: "short"});

/**
 * "Today, 20 November" above the lines of one day.
 * @param {Date} date
 * @param {Date} now
 * @param {string} [locale]
 */
export const dayHeading = (date, now, locale) => {
  const ago = daysAgo(date, now);
  /** @type {Intl.DateTimeFormatOptions} */
  const form = {day: "numeric", month: "long"};
  if (ago > 300) {
    form.year = "numeric";
  }
  const day = date.toLocaleDateString(locale, form);
  if (ago === 0) {
    return gettext("Today, {day}", {day});
  }
  return ago === 1 ? gettext("Yesterday, {day}", {day}) : day;
};

/**
 * How long ago, for a list: a time today, a weekday this week, else a date.
 * @param {Date} date
 * @param {Date} now
 * @param {string} [locale]
 */
export const shortAge = (date, now, locale) => {
  const ago = daysAgo(date, now);
  if (ago <= 0) {
    return timeOfDay(date, locale);
  }
  return ago < 7
    ? date.toLocaleDateString(locale, {weekday: "short"})
    : date.toLocaleDateString(locale, {day: "numeric", month: "short"});
};

/** The heading a conversation stands under. @param {Date} date @param {Date} now */
export const ageGroup = (date, now) => {
  const ago = daysAgo(date, now);
  if (ago <= 0) {
    return gettext("Today");
  }
  return ago < 7 ? gettext("This week") : gettext("Earlier");
};

/** The calendar day, to tell whether two lines share one. @param {Date} date */
export const dayKey = (date) => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;

/** "02:14", or "1:02:14" @param {number} ms */
export const duration = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
};
