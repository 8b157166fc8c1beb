/** Whether what is used costs anybody anything. realtime/pages/wiring.py has the same. */

/** The engine of the house. */
const FREE_PROVIDER = "embedded";

/** @param {{name: string} | null} provider what the server says of who answers; null while that is not known */
export const isCharged = (provider) => provider !== null && provider.name !== FREE_PROVIDER;
