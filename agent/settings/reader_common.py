"""What stands in the model of every reader, whatever drives it.

Rule kept here: the models of the readers take these annotations, so that they say the same.
"""

from agent.core.model import Direction, Matching
from agent.settings.values import OneOf, Span

# A reader's side is that of its lane where the file tells none; at a desk it stays None.
QUIET = Span("How long the same card at the same reader is the same tap", "0 s", "5 min")
MATCHING = OneOf(Matching, "How much of the number the reader delivers")
SIDE = OneOf((Direction.IN, Direction.OUT), "The side of a two-way lane that the reader faces")
