"""What the kernel says of a process: resident memory, bytes for the device."""

from pathlib import Path
from time import clock_gettime

from agent.errors import GateError

MB = 1024


def _field(pid: int, file: str, name: str) -> int:
    try:
        text = Path(f"/proc/{pid}/{file}").read_text("ascii")
    except OSError as error:
        raise GateError(f"process {pid} cannot be looked at: {error}") from error
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise GateError(f"the kernel does not tell {name} of process {pid}")


def resident_mb(pid: int) -> float:
    """VmRSS in MB (2^20 bytes)."""
    return _field(pid, "status", "VmRSS") / MB


def peak_mb(pid: int) -> float:
    """The highest that VmRSS has ever been, in MB."""
    return _field(pid, "status", "VmHWM") / MB


def written_bytes(pid: int) -> int:
    """What the process caused to be sent to the device; also of one that ended unreaped."""
    return _field(pid, "io", "write_bytes")


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, all its threads, in seconds; see clock_getres(2).

    Raises GateError when there is no such process.
    """
    # What clock_getcpuclockid(3) makes of a process id.
    clock = (~pid << 3) | 2
    try:
        return clock_gettime(clock)
    except OSError as error:
        raise GateError(f"process {pid} cannot be looked at: {error}") from error
