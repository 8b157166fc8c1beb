/** Figures as people read them, in their own language. Pure but for the reader's locale. */

import {gettext} from "./words.js";

/** "1,234" @param {number} number @param {string} [locale] */
export const count = (number, locale) => Math.round(number).toLocaleString(locale);

/**
 * "$0.02"; of less than a cent the first figure that is not zero.
 * @param {number} amount
 * @param {string} currency
 * @param {string} [locale]
 */
export const money = (amount, currency, locale) => {
  /** @type {Intl.NumberFormatOptions} */
  const form = {style: "currency", currency, currencyDisplay: "narrowSymbol"};
  if (amount > 0 && amount < 0.01) {
    form.maximumSignificantDigits = 1;
  }
  try {
    return amount.toLocaleString(locale, form);
  } catch (error) {
    // Firefox before 78 knows the wider symbols alone.
    return amount.toLocaleString(locale, {...form, currencyDisplay: "symbol"});
  }
};

/** "1 min 5 s" @param {number} amount */
export const seconds = (amount) => {
  const whole = Math.ceil(amount);
  return whole < 60
    ? gettext("{seconds} s", {seconds: whole})
    : gettext("{minutes} min {seconds} s", {minutes: Math.floor(whole / 60), seconds: whole % 60});
};
