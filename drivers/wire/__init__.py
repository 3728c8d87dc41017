"""Sans-IO decoders: bytes in, frames or faults out. Pure, and imports nothing else of the agent."""
