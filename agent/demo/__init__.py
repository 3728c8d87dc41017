"""``gate-agent demo``: a morning at a gate that consists of software only.

The daemon is the real one, in a process of its own, with `config/demo.yaml`; around it stand the
simulated hardware (`drivers.sim`), a line to a private broker, and ``gate-agent watch`` as the
centre. Everything lives in a folder of its own and ends with the demo, however that ends.
"""
