/** A failure on the way to a conversation: `code` for programs and sentences, `retryable` for the retry button. */

export class Problem extends Error {
  /**
   * @param {string} code
   * @param {{detail?: string, retryable?: boolean}} [more] `detail` is the server's own sentence
   */
  constructor(code, {detail = "", retryable = true} = {}) {
    super(detail || code);
    this.name = "Problem";
    this.code = code;
    this.detail = detail;
    this.retryable = retryable;
  }
}

/**
 * Any error as a trouble that can be told. The browser's own errors carry numbers as codes, which say nothing here.
 * @param {any} error
 * @returns {import("./vocabulary.js").Trouble}
 */
export const troubleOf = (error) => ({
  code: (error && typeof error.code === "string" && error.code) || "internal",
  detail: (error && error.detail) || "",
  retryable: !error || error.retryable !== false,
});
