"""The guard's screen: a process of its own, which asks the daemon and reads its ledger.

Rules kept here:
- the only code that knows the web; it reaches the gate through the control socket and reads the
  ledger through a handle that cannot write;
- whatever moves something is an order, whose id was minted in the form;
- a daemon that is away, hung or started anew never hangs a page: every question has 2 s.
"""
