"""What each part of the gate counts, as Prometheus is told of it.

Rules kept here:
- a name says what it counts and in which unit; what only grows until the daemon starts anew ends in
  ``_total``;
- a figure belongs to its reader, its lane, or the whole gate; nothing here can name a person.

Follows the naming rules of Prometheus.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Figure(NamedTuple):
    """One figure: its name with its unit, and what it tells."""

    name: str
    tells: str

    @property
    def grows(self) -> bool:
        """Does it only grow, until the daemon starts anew?"""
        return self.name.endswith("_total")


class Part(NamedTuple):
    """What parts of one kind count. ``label`` is what their name says behind the kind.

    ``sparse``: a figure is left out by the part while it is 0, and told as 0 all the same.
    """

    figures: Mapping[str, Figure]
    label: str = ""
    sparse: bool = False


_LEDGER = {
    "commits_failed": Figure("gate_ledger_commits_failed_total", "Commits that failed."),
    "entries_lost": Figure("gate_ledger_entries_lost_total", "Entries that were never written."),
    "answers_lost": Figure("gate_ledger_answers_lost_total", "Answers that were not kept."),
    "taps_not_recorded": Figure(
        "gate_ledger_taps_not_recorded_total", "Cards refused since nothing could be written."
    ),
    "owed": Figure("gate_ledger_owed_entries", "Entries that are still to be written."),
    "frames_faulted": Figure("gate_inbox_frames_faulted_total", "Readings that were spoilt."),
    "taps_held": Figure("gate_inbox_taps_held_total", "Readings of a card that was held on."),
    "taps_dropped": Figure(
        "gate_inbox_taps_dropped_total", "Readings dropped: the same card, or too many at once."
    ),
    "levels_merged": Figure(
        "gate_inbox_levels_merged_total", "Changes of inputs that were merged with later ones."
    ),
    "held_back": Figure(
        "gate_relays_held_back_total", "Relays not moved since the disk had taken too long."
    ),
    "outputs_faulted": Figure("gate_relays_faulted_total", "Relays that could not be driven."),
    "tests_faulted": Figure(
        "gate_sensor_tests_faulted_total", "Tests of safety sensors that could not be made."
    ),
}
_GPIO = {
    "pulses": Figure("gate_relays_pulses_total", "Pulses of relays."),
    "refused": Figure("gate_relays_refused_total", "Movements that the interlock refused."),
    "overtaken": Figure(
        "gate_relays_overtaken_total", "Movements overtaken by a protective act before they began."
    ),
    "protected": Figure("gate_relays_protected_total", "Protective acts of the interlock."),
    "tests": Figure("gate_sensor_tests_total", "Tests of safety sensors."),
    "faults": Figure("gate_gpio_faults_total", "Faults of pins."),
    "edges": Figure("gate_gpio_edges_total", "Changes of inputs."),
}
_UPLINK = {
    "published": Figure(
        "gate_uplink_published_sequence", "Up to here the broker has acknowledged every entry."
    ),
    "confirmed": Figure(
        "gate_uplink_confirmed_sequence", "Up to here every named consumer has every entry."
    ),
    "backlog": Figure("gate_uplink_backlog_events", "Entries that wait to be sent."),
    "age_s": Figure(
        "gate_uplink_backlog_age_seconds", "How long the oldest entry waits to be sent."
    ),
    "inflight": Figure("gate_uplink_inflight_events", "Entries sent and not yet acknowledged."),
    "reconnects": Figure("gate_uplink_reconnects_total", "Connections after the first."),
    "session": Figure(
        "gate_uplink_sessions_total", "Connections ever begun; also over starts of the daemon."
    ),
    "commands": Figure("gate_uplink_commands_total", "Commands of the centre that were taken."),
    "commands_refused": Figure(
        "gate_uplink_commands_refused_total", "Commands that were refused at once."
    ),
}
_READER = {
    # on a serial line
    "bytes": Figure("gate_reader_received_bytes_total", "Bytes that came."),
    "frames": Figure("gate_reader_frames_total", "Whole readings."),
    "keys": Figure("gate_reader_keys_total", "Keys that were pressed."),
    "faults": Figure("gate_reader_faults_total", "Bytes that were no reading."),
    "reconnects": Figure("gate_reader_reconnects_total", "Openings of the port after the first."),
    # on pins, and asked over and over
    "edges": Figure("gate_reader_edges_total", "Pulses on the wires."),
    "looks": Figure("gate_reader_looks_total", "How often it was asked for a card."),
    "wakes": Figure("gate_reader_wakes_total", "How often it was set up."),
    "cards": Figure("gate_reader_cards_total", "Cards that came into the field."),
    "left": Figure("gate_reader_left_total", "Cards that left the field."),
    # long range
    "reads": Figure("gate_reader_reads_total", "Tags that were read, again and again."),
    "filtered": Figure("gate_reader_filtered_total", "Reads of tags that are none of ours."),
    "held": Figure("gate_reader_held_total", "Reads of a tag that had counted already."),
    "elsewhere": Figure("gate_reader_elsewhere_total", "Reads by an antenna of no lane."),
    # over PC/SC
    "taps": Figure("gate_reader_taps_total", "Cards that told their number."),
    "lying": Figure("gate_reader_lying_total", "Cards that were left lying."),
    "proved": Figure("gate_reader_proved_total", "Cards that proved who they are."),
    "unproved": Figure("gate_reader_unproved_total", "Cards whose proof was wrong."),
    "torn": Figure("gate_reader_torn_total", "Cards that were taken away too soon."),
    "unreadable": Figure("gate_reader_unreadable_total", "Cards that tell no number."),
    "failed": Figure("gate_reader_failed_total", "Cards whose reading failed."),
    "timeouts": Figure("gate_reader_timeouts_total", "Cards that did not answer in time."),
    "late": Figure("gate_reader_late_total", "Answers that came too late."),
    "skipped": Figure("gate_reader_skipped_total", "Cards that went before they were asked."),
    "retries": Figure("gate_reader_retries_total", "Readings that were tried again."),
    "lamp_signals": Figure("gate_reader_lamp_signals_total", "Signals of lamp and buzzer."),
    "lamp_failures": Figure("gate_reader_lamp_failures_total", "Signals that failed."),
    "late_signs": Figure("gate_reader_late_signs_total", "Signals for a reader that was away."),
    "restarts": Figure("gate_reader_restarts_total", "How often it was begun with anew."),
    "readers": Figure("gate_reader_connected_devices", "Devices that are connected."),
    "stuck": Figure("gate_reader_stuck_devices", "Devices that do not answer any more."),
}
_DISPLAY = {
    "lines": Figure("gate_display_lines_total", "Lines that were shown."),
    "replaced": Figure("gate_display_replaced_total", "Lines replaced before they were shown."),
    "reconnects": Figure("gate_display_reconnects_total", "Openings of the port after the first."),
}
_VOICE = {
    "played": Figure("gate_voice_played_total", "Recordings that were played to their end."),
    "replaced": Figure("gate_voice_replaced_total", "Recordings replaced before they were played."),
    "late": Figure("gate_voice_late_total", "Recordings that came too late to be played."),
    "silenced": Figure("gate_voice_silenced_total", "Recordings not played because of a call."),
    "cut": Figure("gate_voice_cut_total", "Recordings cut off by a more urgent one, or the stop."),
    "missing": Figure("gate_voice_missing_total", "Moments without a recording."),
    "faults": Figure("gate_voice_faults_total", "Recordings that could not be played."),
}
_PRINTER = {
    "printed": Figure("gate_printer_printed_total", "Receipts that were printed."),
    "waiting": Figure("gate_printer_waiting_receipts", "Receipts that wait."),
    "dropped": Figure("gate_printer_dropped_total", "Receipts that were dropped."),
    "reconnects": Figure("gate_printer_reconnects_total", "Openings of the port after the first."),
}
_INTERCOM = {
    "dialled": Figure("gate_intercom_dialled_total", "Numbers that were called."),
    "came": Figure("gate_intercom_came_total", "Calls that came in."),
    "turned_away": Figure("gate_intercom_turned_away_total", "Calls too many at once."),
    "keys": Figure("gate_intercom_keys_total", "Keys that were pressed in calls."),
    "faults": Figure("gate_intercom_faults_total", "Messages that were none."),
    "calls": Figure("gate_intercom_active_calls", "Lines that are in use."),
    "reconnects": Figure("gate_intercom_reconnects_total", "Connections after the first."),
}
PARTS: Mapping[str, Part] = {
    "ledger": Part(_LEDGER, sparse=True),
    "gpio": Part(_GPIO),
    "uplink": Part(_UPLINK),
    "reader": Part(_READER, "reader"),
    "display": Part(_DISPLAY, "lane"),
    "voice": Part(_VOICE, "lane"),
    "printer": Part(_PRINTER),
    "intercom": Part(_INTERCOM),
}
"""By the kind of a part: the first word of its name."""
