"""HTTP to this machine without TLS, for clients that are made by the hundred."""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. httpx reads for each client whom the machine trusts, which takes longer than most answers do."""
