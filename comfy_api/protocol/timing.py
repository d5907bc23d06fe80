"""When a run does something of its own accord."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, as real servers and lines need them. Tests shorten them.

    Attributes:
        tick: the longest wait for one message before the clock is looked at; also the pause between two tries to
            connect, and between two questions while stopping or without a socket.
        ask_after: so long after the last word of our prompt the server is asked.
        place_after: so long after the submission it is asked for the place in line, and then
        place_every: so often.
        deaf_after: no message at all for so long after a POST: the socket is deaf (protocol.md §0.2).
        last_words: the history has the end; so long the socket may take to deliver what it still has.
        gone_after: known neither to queue nor history for so long: gone. The history may come 0.4 s late
            (protocol.md §0.3).
        cancel_every: a stop that is not confirmed is repeated so often.
        young: a socket that lived shorter died young; three in a row, and the run goes on without one.
        connect: for one try to connect again.
        fetch_within: for the files of a finished prompt to be fetched.
        fetch_rest: likewise, of one that failed or was stopped.
        ping_every: the server sends no pings (protocol.md §1); ours, after so much silence, tell a quiet line from a
            dead one.
        pong_within: so long after a ping something has to be heard. A server that encodes a large picture answers
            nothing for seconds (protocol.md §12).
    """

    tick: float = 0.5
    ask_after: float = 10.0
    place_after: float = 0.1
    place_every: float = 2.0
    deaf_after: float = 10.0
    last_words: float = 2.0
    gone_after: float = 1.5
    cancel_every: float = 5.0
    young: float = 10.0
    connect: float = 5.0
    fetch_within: float = 300.0
    fetch_rest: float = 10.0
    ping_every: float = 20.0
    pong_within: float = 60.0


#: The one that runs have unless they are told otherwise.
USUAL = Timing()
