"""The control socket: what console and command line say to the daemon, and what they hear.

A Unix stream socket with one JSON object per line. A request is ``{"id": n, "op": name, ...}``, its
answer ``{"id": n, "ok": true, "result": ...}`` or ``{"id": n, "ok": false, "error": sentence}``.
The request ``{"op": "feed"}`` turns the connection into a live feed: one line for each new entry
(``{"entry": ...}``) and for each lane that looks different (``{"lane": ...}``).
"""
