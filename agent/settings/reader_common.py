"""What stands in the model of every reader, whatever drives it.

Rule kept here: the models of the readers take these annotations, so that they say the same.
"""

from agent.core.model import Direction, Matching
from agent.settings.values import OneOf, Span

# A reader's side is that of its lane where the file tells none; at a desk it stays None.
QUIET = Span("How long the same card at the same reader is the same tap", "0 s", "5 min")
MATCHING = OneOf(Matching, "How much of the number the reader delivers")
SIDE = OneOf((Direction.IN, Direction.OUT), "The side of a two-way lane that the reader faces")
USUAL_BAUDS = (
    *(300, 600, 1_200, 2_400, 4_800, 9_600, 14_400, 19_200, 28_800, 38_400, 57_600, 115_200),
    *(230_400, 460_800, 500_000, 921_600),
)


def speed_told(baud: int) -> str:
    """The speed of a line, to stand in the summary; one that is probably misspelt in capitals."""
    unusual = "" if baud in USUAL_BAUDS else " (UNUSUAL)"
    return f"{baud} bits a second{unusual}"
