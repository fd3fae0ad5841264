"""A gRPC client of another maker: `grpc_client.py CHECK ADDRESS [AUTHORITY]`, exit 0 when the check holds.

AUTHORITY is a PEM file; with it TLS is spoken.
"""

import sys
import threading

import grpc

SIZE = 32 << 20
OPTIONS = [("grpc.max_receive_message_length", SIZE), ("grpc.max_send_message_length", SIZE)]
PATIENCE = 20


class Peer:
    def __init__(self, address, authority=None):
        if authority:
            trusted = grpc.ssl_channel_credentials(open(authority, "rb").read())
            channel = grpc.secure_channel(address, trusted, OPTIONS)
        else:
            channel = grpc.insecure_channel(address, OPTIONS)
        self.channel = channel
        self.unary = channel.unary_unary("/test.Peer/Unary")
        self.server_stream = channel.unary_stream("/test.Peer/ServerStream")
        self.client_stream = channel.stream_unary("/test.Peer/ClientStream")
        self.bidi = channel.stream_stream("/test.Peer/Bidi")
        self.fail = channel.unary_unary("/test.Peer/Fail")
        self.fail_late = channel.unary_stream("/test.Peer/FailLate")
        self.hang = channel.unary_unary("/test.Peer/Hang")
        self.seen = channel.unary_unary("/test.Peer/Seen")
        self.remaining = channel.unary_unary("/test.Peer/Remaining")


def same(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def error_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("it did not fail")


def unary(peer):
    answer, call = peer.unary.with_call(b"hello", metadata=(("x-prefix", "a:"),), timeout=PATIENCE)
    same(answer, b"a:hello")
    same(dict(call.initial_metadata()).get("x-first"), "1")
    last = dict(call.trailing_metadata())
    same((last.get("x-last"), last.get("x-last-bin")), ("2", bytes(range(256))))
    same(call.code(), grpc.StatusCode.OK)


def large(peer):
    message = bytes(range(256)) * (8 << 12)
    same(peer.unary(message, timeout=PATIENCE) == message, True)


def server_streaming(peer):
    same(list(peer.server_stream(b"1000", timeout=PATIENCE)), [b"%d" % n for n in range(1000)])


def client_streaming(peer):
    sent = [b"%d" % n for n in range(1000)]
    same(peer.client_stream(iter(sent), timeout=PATIENCE), b",".join(sent))


def bidirectional(peer):
    """Each message waits for the answer to the one before: neither direction may be held back."""
    answered = threading.Semaphore(0)

    def messages():
        for n in range(100):
            yield b"message %d" % n
            assert answered.acquire(timeout=PATIENCE), f"no answer to {n}"

    answers = []
    for answer in peer.bidi(messages(), timeout=PATIENCE):
        answers.append(answer)
        answered.release()
    same(answers, [b"MESSAGE %d" % n for n in range(100)])


def empty_stream(peer):
    same(list(peer.bidi(iter(()), timeout=PATIENCE)), [])


def error_status(peer):
    error = error_of(lambda: peer.fail(b"", timeout=PATIENCE))
    same((error.code(), error.details()), (grpc.StatusCode.NOT_FOUND, "no naïve answer: 100 %"))
    same(dict(error.trailing_metadata()).get("x-why"), "because")


def late_error(peer):
    messages = []

    def read():
        for message in peer.fail_late(b"", timeout=PATIENCE):
            messages.append(message)

    error = error_of(read)
    same((error.code(), error.details(), messages), (grpc.StatusCode.DATA_LOSS, "lost", [b"first"]))


def unknown_method(peer):
    call = peer.channel.unary_unary("/test.Peer/NoSuch")
    same(error_of(lambda: call(b"", timeout=PATIENCE)).code(), grpc.StatusCode.UNIMPLEMENTED)


def deadline_is_told(peer):
    """The upstream learns the time that is left, no more than was given."""
    left = float(peer.remaining(b"", timeout=PATIENCE))
    assert 0 < left <= PATIENCE + 1, left


def deadline_ends_the_call(peer):
    before = int(peer.seen(b"0", timeout=PATIENCE))
    same(error_of(lambda: peer.hang(b"", timeout=0.3)).code(), grpc.StatusCode.DEADLINE_EXCEEDED)
    assert int(peer.seen(b"%d" % (before + 1), timeout=PATIENCE)) > before, "the upstream was not told"


def cancelling_reaches_the_upstream(peer):
    before = int(peer.seen(b"0", timeout=PATIENCE))
    call = peer.hang.future(b"", timeout=PATIENCE)
    # Something else is answered meanwhile on the same connection.
    same(peer.unary(b"x", timeout=PATIENCE), b"x")
    call.cancel()
    assert int(peer.seen(b"%d" % (before + 1), timeout=PATIENCE)) > before, "the upstream was not told"


def many_at_once(peer):
    calls = [peer.unary.future(b"%d" % n, timeout=PATIENCE) for n in range(300)]
    same([call.result() for call in calls], [b"%d" % n for n in range(300)])


def refused_by_a_policy(peer):
    error = error_of(lambda: peer.unary(b"x", timeout=PATIENCE))
    same(error.code(), grpc.StatusCode.UNAUTHENTICATED)
    assert error.details(), "it does not say why"


def upstream_is_gone(peer):
    same(error_of(lambda: peer.unary(b"x", timeout=PATIENCE)).code(), grpc.StatusCode.UNAVAILABLE)


if __name__ == "__main__":
    globals()[sys.argv[1]](Peer(*sys.argv[2:]))
