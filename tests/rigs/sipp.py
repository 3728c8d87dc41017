"""A telephone made of a scenario: sipp takes one call and presses a key by SIP INFO."""

import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.patience import LIMIT_S
from tests.rigs.ports import free_port

_HEAD = """[last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>"""
_SDP = """v=0
      o=phone 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000"""
_SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="answers and presses a key">
  <recv request="INVITE" crlf="true" rrs="true">
    <action>
      <ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="gate" />
      <ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="from" />
      <ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="to" />
    </action>
  </recv>
  <send><![CDATA[
      SIP/2.0 180 Ringing
      {head}
      Content-Length: 0
  ]]></send>
  <send retrans="500"><![CDATA[
      SIP/2.0 200 OK
      {head}
      Content-Type: application/sdp
      Content-Length: [len]

      {sdp}
  ]]></send>
  <recv request="ACK" crlf="true" />
  <send retrans="500"><![CDATA[
      INFO [$gate] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: [$to];tag=[call_number]
      To: [$from]
      Call-ID: [call_id]
      CSeq: 2 INFO
      Max-Forwards: 70
      Contact: <sip:[local_ip]:[local_port]>
      Content-Type: application/dtmf-relay
      Content-Length: [len]

      Signal={key}
      Duration=160
  ]]></send>
  <recv response="200" />
  <recv request="BYE" />
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0
  ]]></send>
</scenario>
"""


class Sipp:
    """Takes one call, as a context; ``key`` is pressed at once."""

    def __init__(self, directory: Path, key: str) -> None:
        self.port = free_port(2)
        self._directory = directory
        scenario = directory / "phone.xml"
        scenario.write_text(_SCENARIO.format(head=_HEAD, sdp=_SDP, key=key))
        self._command = [shutil.which("sipp") or "sipp", "-sf", str(scenario), "-m", "1"]
        self._command += ["-i", "127.0.0.1", "-p", str(self.port), "-nostdin"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it is called."""
        return f"sip:phone@127.0.0.1:{self.port}"

    def done(self) -> None:
        """Wait until the call is over; fails unless all of it went as it should."""
        assert self._process is not None
        log = self._directory / "sipp.log"
        assert self._process.wait(LIMIT_S) == 0, log.read_text(errors="replace")[-2000:]

    def __enter__(self) -> Self:
        with (self._directory / "sipp.log").open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._directory,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait(LIMIT_S)
