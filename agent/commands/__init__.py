"""What the centre commands: from a command that was read and checked to what it comes to.

Beside `agent.requests`, which does the same for those who are at the gate. The names stand in
`agent.core.commands`, their arguments in `agent.contract.args`, and docs/commands.md tells all.
"""
