"""The contract with the centre: what every message holds, and the documents made from that."""
