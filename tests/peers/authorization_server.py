"""An authorization server of Envoy's protocol, on messages that its makers generated: `authorization_server.py PORT [KEY CERTIFICATE]`.

Port 0 takes a free one; two PEM files make it speak TLS. Prints its port, then serves until it is ended. The last part of a call's path says what becomes of it.
"""

import json
import sys
import threading
from concurrent import futures

import grpc
from envoy.config.core.v3 import base_pb2
from envoy.service.auth.v3 import external_auth_pb2, external_auth_pb2_grpc
from envoy.type.v3 import http_status_pb2
from google.protobuf.json_format import MessageToDict
from google.rpc import code_pb2, status_pb2

Action = base_pb2.HeaderValueOption.HeaderAppendAction


def option(key, value, **how):
    return base_pb2.HeaderValueOption(header=base_pb2.HeaderValue(key=key, value=value), **how)


def allow(request):
    """Allows, and sends what it was told to the upstream as a header."""
    told = json.dumps(MessageToDict(request, preserving_proto_field_name=True), separators=(",", ":"))
    ok = external_auth_pb2.OkHttpResponse(
        headers=[
            option("x-told", told),
            option("x-user", "ann"),
            option("x-tag", "b", append_action=Action.APPEND_IF_EXISTS_OR_ADD, append={"value": True}),
            option("x-there", "new", append_action=Action.ADD_IF_ABSENT),
        ],
        headers_to_remove=["authorization"],
        response_headers_to_add=[option("x-left", "9")],
        query_parameters_to_set=[base_pb2.QueryParameter(key="user", value="ann")],
        query_parameters_to_remove=["key"],
    )
    answer = external_auth_pb2.CheckResponse(status=status_pb2.Status(code=code_pb2.OK), ok_response=ok)
    answer.dynamic_metadata.update({"plan": "gold", "level": 7})
    return answer


def deny(request):
    denied = external_auth_pb2.DeniedHttpResponse(
        status=http_status_pb2.HttpStatus(code=http_status_pb2.Unauthorized),
        headers=[option("www-authenticate", 'Basic realm="peer"'), option("content-type", "text/html")],
        body="<p>not you",
    )
    return external_auth_pb2.CheckResponse(status=status_pb2.Status(code=code_pb2.PERMISSION_DENIED), denied_response=denied)


def refuse(request):
    return external_auth_pb2.CheckResponse(status=status_pb2.Status(code=code_pb2.PERMISSION_DENIED))


class Authorization(external_auth_pb2_grpc.AuthorizationServicer):
    def Check(self, request, context):
        path = request.attributes.request.http.path.split("?")[0]
        verdict = path.rsplit("/", 1)[-1]
        if verdict == "slow":
            given_up = threading.Event()
            context.add_callback(given_up.set)
            given_up.wait(60)
        if verdict == "fail":
            context.abort(grpc.StatusCode.UNAVAILABLE, "come later")
        return {"deny": deny, "refuse": refuse}.get(verdict, allow)(request)


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.so_reuseport", 0)])
    external_auth_pb2_grpc.add_AuthorizationServicer_to_server(Authorization(), server)
    address = f"127.0.0.1:{sys.argv[1]}"
    if len(sys.argv) > 2:
        key, certificate = (open(file, "rb").read() for file in sys.argv[2:4])
        port = server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
    else:
        port = server.add_insecure_port(address)
    server.start()
    print(f"port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    sys.exit(main())
