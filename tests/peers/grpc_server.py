"""A gRPC server of another maker: `grpc_server.py [KEY CERTIFICATE]`, two PEM files with which it speaks TLS.

Messages are plain bytes, so that nothing has to be generated. Prints its port, then serves until it is ended. What it saw of a call that was given up stands in `/test.Peer/Seen`.
"""

import sys
import threading
from concurrent import futures

import grpc

seen = {"cancelled": 0}
seen_lock = threading.Condition()


def unary(request, context):
    metadata = dict(context.invocation_metadata())
    context.send_initial_metadata((("x-first", "1"),))
    context.set_trailing_metadata((("x-last", "2"), ("x-last-bin", bytes(range(256)))))
    return metadata.get("x-prefix", "").encode() + request


def server_stream(request, context):
    for n in range(int(request)):
        yield b"%d" % n


def client_stream(requests, context):
    return b",".join(requests)


def bidi(requests, context):
    for request in requests:
        yield request.upper()


def fail(request, context):
    context.set_trailing_metadata((("x-why", "because"),))
    context.abort(grpc.StatusCode.NOT_FOUND, "no naïve answer: 100 %")


def fail_late(request, context):
    yield b"first"
    context.abort(grpc.StatusCode.DATA_LOSS, "lost")


def hang(request, context):
    """Ends when the caller gives up, and notes that it learnt of it."""
    ended = threading.Event()
    context.add_callback(ended.set)
    ended.wait(60)
    with seen_lock:
        seen["cancelled"] += 1
        seen_lock.notify_all()
    return b""


def tell(request, context):
    """Waits until so many calls were seen to be given up."""
    with seen_lock:
        seen_lock.wait_for(lambda: seen["cancelled"] >= int(request), timeout=20)
        return b"%d" % seen["cancelled"]


def remaining(request, context):
    return b"%f" % context.time_remaining()


def main():
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "ServerStream": grpc.unary_stream_rpc_method_handler(server_stream),
        "ClientStream": grpc.stream_unary_rpc_method_handler(client_stream),
        "Bidi": grpc.stream_stream_rpc_method_handler(bidi),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "FailLate": grpc.unary_stream_rpc_method_handler(fail_late),
        "Hang": grpc.unary_unary_rpc_method_handler(hang),
        "Seen": grpc.unary_unary_rpc_method_handler(tell),
        "Remaining": grpc.unary_unary_rpc_method_handler(remaining),
    }
    size = 32 << 20
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", size), ("grpc.max_send_message_length", size)],
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Peer", handlers),))
    if len(sys.argv) > 1:
        key, certificate = (open(file, "rb").read() for file in sys.argv[1:3])
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    sys.exit(main())
