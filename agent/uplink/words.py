"""What went wrong between us and the broker, in words for the person who wires a gate.

Rules kept here:
- every sentence says what, where, and what to look at;
- no password and nothing personal is ever part of one.
"""

import socket
import ssl

_REFUSED = {
    128: "it gave no reason: look into the broker's log",
    129: "it could not read our greeting: is this port an MQTT port?",
    130: "it could not read our greeting: is this port an MQTT port?",
    132: "it does not speak this version of MQTT: set uplink.version to the other one (5 or 3.1.1)",
    133: "it does not accept the client id: see uplink.client_id and the broker's rules for it",
    134: "user name or password is wrong: check uplink.username and the password file",
    135: "not authorised: check user name and password, or whether the broker knows the name in"
    " the client certificate",
    136: "it is not available just now; trying goes on",
    137: "it is busy; trying goes on",
    138: "this client is banned: ask whoever runs the broker",
    140: "it wants another way of authentication than user name or certificate",
    144: "it does not allow the topic of our status: check the estate, the gate id and the ACL",
    149: "our greeting is too large for it",
    151: "a quota is used up: ask whoever runs the broker",
    153: "it does not accept the form of our will",
    154: "it keeps no retained messages, and status needs them: allow them in the broker",
    155: "it allows no QoS 1, and events need it: allow it in the broker",
    156: "it sends us to another server: set uplink.host to that one",
    157: "it has moved to another server: set uplink.host to that one",
    159: "we connect too often for it; trying goes on, more slowly",
}

_CLOSED = {
    129: "it called a packet of ours malformed",
    130: "it called a packet of ours a fault of protocol",
    135: "we are no longer authorised: check the ACL and the certificate",
    137: "it is busy",
    139: "it is shutting down",
    141: "it heard nothing from us for too long",
    142: "another client came with the same client id: two agents must not share one",
    147: "we sent more at once than it allows",
    149: "a packet of ours was too large for it",
    150: "we sent too fast for it",
    151: "a quota is used up",
    152: "an administrator closed it",
    154: "it keeps no retained messages",
    155: "it allows no QoS 1",
}


def refused(where: str, code: int, name: str) -> str:
    """A CONNACK with an error reason code (MQTT 5, 3.2.2.2)."""
    return f"the broker at {where} refused us ({name}): {_REFUSED.get(code, 'see its log')}"


def closed(where: str, code: int, name: str) -> str:
    """A DISCONNECT from the broker (MQTT 5, 3.14.2.1)."""
    return (
        f"the broker at {where} closed the connection ({name}): {_CLOSED.get(code, 'see its log')}"
    )


def denied(what: str, topic: str, code: int, name: str) -> str:
    """A PUBACK with an error reason code (MQTT 5, 3.4.2.1)."""
    advice = {
        135: "let this client write that topic in the broker's ACL",
        144: "the broker does not allow that topic",
        151: "a quota of the broker is used up",
        153: "the broker wants another form of payload",
    }.get(code, "look into the broker's log")
    return f"the broker refused {what} on {topic} ({name}): {advice}"


def unreachable(where: str, fault: Exception) -> str:
    """Connecting failed before a word of MQTT was spoken."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        why = (
            f"its certificate is not trusted ({fault.verify_message}): check uplink.tls.ca, that"
            " the name in the certificate is the host's, and this machine's clock"
        )
    elif isinstance(fault, ssl.SSLError):
        why = (
            f"no TLS connection came about ({fault.reason or fault}): check that this is the TLS"
            " port, and uplink.tls.cert and uplink.tls.key"
        )
    elif isinstance(fault, socket.gaierror):
        why = "its name cannot be resolved: check uplink.host and this machine's DNS"
    elif isinstance(fault, TimeoutError):
        why = "nothing answers: check address, cable, route and firewall"
    elif isinstance(fault, ConnectionRefusedError):
        why = "nothing listens on that port: check uplink.port, and whether the broker runs"
    elif isinstance(fault, ConnectionError):
        why = f"the connection was cut ({fault.strerror or fault}): is it a TLS port?"
    else:
        why = f"{fault}"
    return f"cannot reach the broker at {where}: {why}"


def cut(where: str, heard: str, *, greeted: bool, tls: bool) -> str:
    """The connection ended without a word; ``heard`` is what the socket had to say."""
    if greeted:
        return f"the connection to the broker at {where} was lost{f' ({heard})' if heard else ''}"
    if "alert" in heard.lower():
        return (
            f"the broker at {where} refused the TLS connection ({heard}): check uplink.tls.cert"
            " and uplink.tls.key, that they have not expired, and that the broker trusts their"
            " authority"
        )
    if tls:
        # Often the word of refusal is lost, because the broker closes before we have read it.
        hint = (
            "that uplink.tls.cert has not expired, that the broker trusts its authority, its"
            " version of MQTT, and its log"
        )
    else:
        hint = "whether it wants TLS, its version of MQTT, and its log"
    return f"the broker at {where} closed the connection before it greeted us: check {hint}"


def unheard(where: str, name: str) -> str:
    """A SUBACK with an error reason code (MQTT 5, 3.9.3)."""
    return (
        f"the broker at {where} does not let us hear commands, acks or requests ({name}): let this"
        " client read cmd/#, ack/# and ha/# below its own prefix in the ACL"
    )
