/** Figures as people read them, in their own language. Pure but for the reader's locale. */

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
  const isLittle = amount > 0 && amount < 0.01;
  return amount.toLocaleString(locale, isLittle ? {...form, maximumSignificantDigits: 1} : form);
};

/** "1 min 5 s" @param {number} amount */
export const seconds = (amount) => {
  const whole = Math.ceil(amount);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};
