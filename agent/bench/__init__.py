"""gate-agent bench: this machine measured as a gate.

Rules kept here:
- the daemon is the real one, in a process of its own, in front of the simulated gate;
- a time that depends on the machine stands beside a floor that was measured in the same run;
- what was sent and what was measured are the same number, otherwise it is an error;
- nothing is left behind: no process, no file.
"""
