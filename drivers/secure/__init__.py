"""Cards that prove themselves: sans-IO sessions with `cryptography` for the primitives."""
