"""Real parts put together for tests: each rig starts its own and stops what it started, by pid."""
