/** Random names for things the client creates. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * `prefix` and 21 random letters and digits, 125 bits.
 * @param {string} prefix
 */
export const randomId = (prefix) => {
  let id = prefix;
  while (id.length < prefix.length + 21) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      // Bytes past the last whole multiple of 62 would make some letters likelier.
      if (byte < 248 && id.length < prefix.length + 21) {
        id += ALPHABET[byte % 62];
      }
    }
  }
  return id;
};
