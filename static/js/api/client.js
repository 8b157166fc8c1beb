/** The site's own REST API, as the signed-in browser uses it. */

/** What only whoever runs the server can change: trying again would fail again. */
const OPERATORS = new Set(["realtime_disabled", "realtime_not_configured"]);

/** A refusal of the API, or no answer at all (`status` 0, code `network`). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, detail?: string, fields?: Record<string, string[]>}} body
   * @param {number | null} [retryAfter] seconds
   */
  constructor(status, body, retryAfter = null) {
    super(body.detail || body.code || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code || "internal";
    this.detail = body.detail || "";
    this.fields = body.fields || {};
    this.retryAfter = retryAfter;
    this.retryable = (status === 0 || status === 429 || status >= 500) && !OPERATORS.has(this.code);
  }
}

/**
 * @typedef {object} RealtimeSessionRequest
 * @property {string | null} [conversation_id]
 * @property {string} [voice]
 * @property {number} [speed]
 * @property {string} [language]
 * @property {string} [output] audio or text
 * @property {string} [turn_detection] one of TurnDetection
 * @property {boolean} [save] false: off the record
 * @property {string} [resume_session_id]
 */

/**
 * @typedef {object} RealtimeSessionConfig
 * @property {string} url
 * @property {string} model
 * @property {string} api_key a one-time ticket
 * @property {string} session_id
 * @property {number} expires_at unix seconds
 * @property {string} conversation_id
 * @property {Record<string, any>} voice_config
 * @property {{name: string, label: string, is_language_model: boolean}} provider
 */

/**
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} title
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} [excerpt] of a search: where the words were said; null where they are in the title alone
 */

/**
 * Conversations, newest first; `next` leads to older ones, null when there are none.
 * @typedef {{results: Conversation[], next: string | null}} ConversationPage
 */

/** @typedef {"good" | "bad" | null} Rating */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {number} position
 * @property {"user" | "assistant"} role
 * @property {"text" | "audio"} modality
 * @property {"pending" | "final" | "interrupted" | "failed"} status
 * @property {string} text
 * @property {string} unheard_text
 * @property {string} spoken_at
 */

/** @param {string} name */
const cookie = (name) => {
  const pair = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
};

/** @param {Response} response @returns {Promise<any>} */
const bodyOf = async (response) => {
  try {
    return await response.json();
  } catch (error) {
    return {};
  }
};

/** What an answer says. Rejects with an ApiError when it is a refusal. @param {Response} response @returns {Promise<any>} */
const told = async (response) => {
  const body = await bodyOf(response);
  if (!response.ok) {
    const seconds = Number(response.headers.get("Retry-After") || body.retry_after);
    throw new ApiError(response.status, body, Number.isFinite(seconds) && seconds > 0 ? seconds : null);
  }
  return body;
};

export class ApiClient {
  /**
   * @param {object} addresses each with what it needs; what a page does not use may be left out
   * @param {string} addresses.csrfCookie
   * @param {string} [addresses.sessionUrl]
   * @param {string} [addresses.sessionsUrl]
   * @param {string} [addresses.conversationsUrl]
   * @param {string} [addresses.preferencesUrl]
   * @param {string} [addresses.optionsUrl]
   */
  constructor(addresses) {
    this._csrfCookie = addresses.csrfCookie;
    this._sessionUrl = addresses.sessionUrl || "";
    this._sessionsUrl = addresses.sessionsUrl || "";
    this._conversationsUrl = addresses.conversationsUrl || "";
    this._preferencesUrl = addresses.preferencesUrl || "";
    this._optionsUrl = addresses.optionsUrl || "";
    /** The first page of the list as it was told last: it is asked for often and changes seldom. */
    this._latest = {tag: "", body: /** @type {ConversationPage} */ ({results: [], next: null})};
  }

  /**
   * A ticket for one session and where to take it. Rejects with an ApiError, as everything here does.
   * @param {RealtimeSessionRequest} request
   * @returns {Promise<RealtimeSessionConfig>}
   */
  createRealtimeSession(request) {
    return this._write("POST", this._sessionUrl, request);
  }

  /** The latest conversations. Costs the server little when nothing has changed. @returns {Promise<ConversationPage>} */
  async latestConversations() {
    const {tag} = this._latest;
    const response = await this._fetch(`${this._conversationsUrl}?page_size=100`, {
      headers: tag ? {"If-None-Match": tag} : {},
      // The page keeps the answer itself; a cache between would turn "not changed" into an answer of its own.
      cache: "no-store",
    });
    if (response.status !== 304) {
      this._latest = {tag: response.headers.get("ETag") || "", body: await told(response)};
    }
    return this._latest.body;
  }

  /** Conversations in which every word of `query` was said. @param {string} query @returns {Promise<ConversationPage>} */
  searchConversations(query) {
    // The server takes no longer ones.
    return this._ask(`${this._conversationsUrl}?page_size=100&q=${encodeURIComponent(query.slice(0, 200))}`);
  }

  /** Another page of either. @param {string} next as a page names it @returns {Promise<ConversationPage>} */
  moreConversations(next) {
    return this._ask(next);
  }

  /** @param {string} id @param {string} title @returns {Promise<Conversation>} */
  renameConversation(id, title) {
    return this._write("PATCH", this._conversation(id), {title});
  }

  /** With every word in it; a session that is live in it ends. @param {string} id @returns {Promise<void>} */
  async deleteConversation(id) {
    await this._write("DELETE", this._conversation(id));
  }

  /**
   * Every message of a conversation, in spoken order, page by page.
   * @param {string} conversationId
   * @returns {AsyncGenerator<Message[]>}
   */
  async *messages(conversationId) {
    let url = `${this._conversation(conversationId)}messages/?page_size=500`;
    while (url) {
      const page = await this._ask(url);
      yield page.results;
      url = page.next;
    }
  }

  /** @param {string} sessionId @param {Rating} rating null takes it back @returns {Promise<any>} */
  rateSession(sessionId, rating) {
    return this._write("PATCH", `${this._sessionsUrl}${encodeURIComponent(sessionId)}`, {rating});
  }

  /** What this person wants of every session. @returns {Promise<Record<string, any>>} */
  preferences() {
    return this._ask(this._preferencesUrl);
  }

  /** @param {Record<string, any>} changes @returns {Promise<Record<string, any>>} all of them, as they are then */
  savePreferences(changes) {
    return this._write("PATCH", this._preferencesUrl, changes);
  }

  /** What there is to choose for a session, and what bounds it. @returns {Promise<Record<string, any>>} */
  options() {
    return this._ask(this._optionsUrl);
  }

  /** @param {string} id */
  _conversation(id) {
    return `${this._conversationsUrl}${encodeURIComponent(id)}/`;
  }

  /** @param {"POST" | "PATCH" | "DELETE"} method @param {string} url @param {any} [body] @returns {Promise<any>} */
  _write(method, url, body) {
    /** @type {Record<string, string>} */
    const headers = {"X-CSRFToken": cookie(this._csrfCookie)};
    if (body === undefined) {
      return this._ask(url, {method, headers});
    }
    headers["Content-Type"] = "application/json";
    return this._ask(url, {method, headers, body: JSON.stringify(body)});
  }

  /** @param {string} url @param {RequestInit} [init] @returns {Promise<any>} */
  async _ask(url, init) {
    return told(await this._fetch(url, init));
  }

  /** @param {string} url @param {RequestInit} [init] */
  async _fetch(url, init = {}) {
    try {
      return await fetch(url, {credentials: "same-origin", ...init, headers: {Accept: "application/json", ...init.headers}});
    } catch (error) {
      throw new ApiError(0, {code: "network"});
    }
  }
}
