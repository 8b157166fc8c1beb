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
 * @property {"audio" | "text"} [output]
 * @property {"server_vad" | "semantic_vad" | "push_to_talk"} [turn_detection]
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

/** @typedef {{id: string, title: string, created_at: string, updated_at: string}} Conversation */

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

export class ApiClient {
  /** @param {{csrfCookie: string, sessionUrl: string, conversationsUrl: string}} addresses */
  constructor({csrfCookie, sessionUrl, conversationsUrl}) {
    this._csrfCookie = csrfCookie;
    this._sessionUrl = sessionUrl;
    this._conversationsUrl = conversationsUrl;
  }

  /**
   * A ticket for one session and where to take it. Rejects with an ApiError.
   * @param {RealtimeSessionRequest} request
   * @returns {Promise<RealtimeSessionConfig>}
   */
  createRealtimeSession(request) {
    return this._ask(this._sessionUrl, {
      method: "POST",
      headers: {"Content-Type": "application/json", "X-CSRFToken": cookie(this._csrfCookie)},
      body: JSON.stringify(request),
    });
  }

  /** The latest conversations, newest first. @returns {Promise<Conversation[]>} */
  async latestConversations() {
    return (await this._ask(`${this._conversationsUrl}?page_size=100`)).results;
  }

  /**
   * Every message of a conversation, in spoken order, page by page.
   * @param {string} conversationId
   * @returns {AsyncGenerator<Message[]>}
   */
  async *messages(conversationId) {
    let url = `${this._conversationsUrl}${encodeURIComponent(conversationId)}/messages/?page_size=500`;
    while (url) {
      const page = await this._ask(url);
      yield page.results;
      url = page.next;
    }
  }

  /** @param {string} url @param {RequestInit} [init] @returns {Promise<any>} */
  async _ask(url, init = {}) {
    let response;
    try {
      response = await fetch(url, {credentials: "same-origin", ...init, headers: {Accept: "application/json", ...init.headers}});
    } catch (error) {
      throw new ApiError(0, {code: "network"});
    }
    const body = await bodyOf(response);
    if (!response.ok) {
      const seconds = Number(response.headers.get("Retry-After"));
      throw new ApiError(response.status, body, Number.isFinite(seconds) && seconds > 0 ? seconds : null);
    }
    return body;
  }
}
