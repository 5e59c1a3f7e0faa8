from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from kconsole.errors import UsageError
from kconsole.lab.apiserver.authentication import ANONYMOUS, Authenticator, User, impersonated
from kconsole.lab.apiserver.authorization import ADMIN_GROUP, OPERATOR_GROUP, VIEWER_GROUP, allowed, refusal
from kconsole.lab.apiserver.discovery import aggregated_media_type
from kconsole.lab.apiserver.faults import Faults, parse
from kconsole.lab.apiserver.media import Format, negotiate, read_object
from kconsole.lab.apiserver.protobuf import MAGIC, decode_object
from kconsole.lab.apiserver.requests import Asked, understand
from kconsole.lab.apiserver.status import ApiError

OPERATOR = User("olga", (OPERATOR_GROUP, "system:authenticated"))
VIEWER = User("vera", (VIEWER_GROUP, "system:authenticated"))
ADMIN = User("ada", (ADMIN_GROUP, "system:authenticated"))


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/api/v1/nodes", {}, ("list", "", "nodes", "", "", "")),
        ("GET", "/api/v1/nodes", {"watch": "true"}, ("watch", "", "nodes", "", "", "")),
        ("GET", "/api/v1/nodes/w1", {}, ("get", "", "nodes", "", "w1", "")),
        ("PATCH", "/api/v1/nodes/w1/status", {}, ("patch", "", "nodes", "", "w1", "status")),
        ("GET", "/api/v1/namespaces/a", {}, ("get", "", "namespaces", "", "a", "")),
        ("PUT", "/api/v1/namespaces/a/finalize", {}, ("update", "", "namespaces", "", "a", "finalize")),
        ("POST", "/api/v1/namespaces/a/pods", {}, ("create", "", "pods", "a", "", "")),
        ("DELETE", "/api/v1/namespaces/a/pods", {}, ("deletecollection", "", "pods", "a", "", "")),
        ("POST", "/api/v1/namespaces/a/pods/p/eviction", {}, ("create", "", "pods", "a", "p", "eviction")),
        ("GET", "/apis/apps/v1/daemonsets", {}, ("list", "apps", "daemonsets", "", "", "")),
        ("GET", "/version", {}, ("get", "", "", "", "", "")),
        ("GET", "/apis/apps/v1", {}, ("get", "", "", "", "", "")),
    ],
)
def test_a_request_is_understood(method: str, path: str, query: dict[str, str], expected: tuple[str, ...]) -> None:
    asked = understand(method, path, query)
    found = (asked.verb, asked.group, asked.plural, asked.namespace, asked.name, asked.subresource)
    assert found == expected


def asked(verb: str, plural: str, namespace: str = "", sub: str = "", group: str = "", name: str = "") -> Asked:
    return Asked(verb, "", group, "v1", plural, namespace, name, sub)


@pytest.mark.parametrize(
    ("user", "what", "may"),
    [
        (VIEWER, asked("list", "nodes"), True),
        (VIEWER, asked("patch", "nodes"), False),
        (VIEWER, asked("get", "secrets", "default"), False),
        (VIEWER, asked("create", "pods", "default", "eviction"), False),
        (OPERATOR, asked("patch", "nodes"), True),
        (OPERATOR, asked("delete", "nodes"), False),
        (OPERATOR, asked("create", "pods", "default", "eviction"), True),
        (OPERATOR, asked("delete", "pods", "default"), False),
        (OPERATOR, asked("update", "leases", "kube-system", group="coordination.k8s.io"), True),
        (OPERATOR, asked("update", "leases", "default", group="coordination.k8s.io"), False),
        (OPERATOR, asked("list", "daemonsets", group="apps"), True),
        (ADMIN, asked("delete", "anything", group="any"), True),
        (ANONYMOUS, asked("list", "nodes"), False),
        (ANONYMOUS, Asked("get", "/version"), True),
        (ANONYMOUS, Asked("get", "/api"), False),
        (VIEWER, Asked("get", "/openapi/v3/api/v1"), True),
        (VIEWER, asked("create", "selfsubjectreviews", group="authentication.k8s.io"), True),
    ],
)
def test_profiles_allow_what_their_people_need_and_no_more(user: User, what: Asked, may: bool) -> None:
    assert allowed(user, what) is may


def test_a_refusal_names_user_verb_resource_and_scope() -> None:
    assert str(refusal(VIEWER, asked("patch", "nodes", name="w1"))) == (
        'nodes "w1" is forbidden: User "vera" cannot patch resource "nodes" in API group "" at the cluster scope'
    )
    assert str(refusal(VIEWER, asked("create", "pods", "shop", "eviction", name="p"))) == (
        'pods "p" is forbidden: User "vera" cannot create resource "pods/eviction" in API group ""'
        ' in the namespace "shop"'
    )
    assert str(refusal(ANONYMOUS, Asked("get", "/x"))) == 'forbidden: User "system:anonymous" cannot get path "/x"'


def test_a_certificate_says_who_and_which_groups() -> None:
    subject = ((("organizationName", "a"),), (("organizationName", "b"),), (("commonName", "me"),))
    user = Authenticator().authenticate({"subject": subject}, CIMultiDict())
    assert (user.name, user.groups) == ("me", ("a", "b", "system:authenticated"))


def test_a_token_is_known_or_refused_and_nothing_is_anonymous() -> None:
    authenticator = Authenticator({"t": User("tina", ("g",))})
    assert authenticator.authenticate(None, CIMultiDict(Authorization="Bearer t")).name == "tina"
    assert authenticator.authenticate(None, CIMultiDict()) == ANONYMOUS
    for header in ("Bearer other", "Basic dDp0"):
        with pytest.raises(ApiError) as refused:
            authenticator.authenticate(None, CIMultiDict(Authorization=header))
        assert refused.value.code == 401


def test_impersonation_takes_name_and_groups_and_remembers_who_it_is() -> None:
    headers = CIMultiDict([("Impersonate-User", "bob"), ("Impersonate-Group", "x"), ("Impersonate-Group", "y")])
    user = impersonated(ADMIN, headers)
    assert user is not None
    assert (user.name, user.groups, user.on_behalf) == ("bob", ("x", "y", "system:authenticated"), "ada")
    assert impersonated(ADMIN, CIMultiDict()) is None


TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Format()),
        ("*/*", Format()),
        (f"{TABLE},application/json", Format("Table", "v1")),
        (
            "application/json;as=Table;v=v2;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io",
            Format("Table", "v1beta1"),
        ),
        ("application/vnd.kubernetes.protobuf,application/json", Format()),
        ("application/vnd.kubernetes.protobuf", Format()),
        ("application/json;as=Other;v=v1;g=meta.k8s.io,application/json", Format()),
    ],
)
def test_the_first_format_that_can_be_written_is(accept: str, expected: Format) -> None:
    assert negotiate(accept, ("Table",)) == expected


@pytest.mark.parametrize("accept", ["text/html", "application/yaml", "application/json;as=Other;v=v1;g=meta.k8s.io"])
def test_a_client_that_accepts_nothing_we_write_gets_a_406(accept: str) -> None:
    with pytest.raises(ApiError) as refused:
        negotiate(accept, ("Table",))
    assert refused.value.code == 406


AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


def test_aggregated_discovery_is_v2_from_1_30_on() -> None:
    accept = f"{AGGREGATED.format('v2')},{AGGREGATED.format('v2beta1')},application/json"
    assert aggregated_media_type(accept, "1.30.0") == AGGREGATED.format("v2")
    assert aggregated_media_type(accept, "1.29.9") == AGGREGATED.format("v2beta1")
    assert aggregated_media_type("application/json", "1.33.0") is None


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def enveloped(kind: bytes, raw: bytes) -> bytes:
    return MAGIC + field(1, field(1, b"v1") + field(2, kind)) + field(2, raw) + field(3, b"") + field(4, b"")


def test_delete_options_in_protobuf_are_decoded() -> None:
    raw = field(1, 7) + field(2, field(1, b"uid-1")) + field(4, b"Background") + field(5, b"All") + field(9, 1)
    assert decode_object(enveloped(b"DeleteOptions", raw)) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 7,
        "preconditions": {"uid": "uid-1"},
        "propagationPolicy": "Background",
        "dryRun": ["All"],
    }


def test_metadata_in_protobuf_keeps_labels_and_drops_empty_strings() -> None:
    labels = field(11, field(1, b"a") + field(2, b"b"))
    raw = field(1, field(1, b"foo") + field(2, b"") + labels)
    assert decode_object(enveloped(b"Namespace", raw))["metadata"] == {"name": "foo", "labels": {"a": "b"}}


def test_a_kind_that_is_not_decoded_is_a_415() -> None:
    with pytest.raises(ApiError) as refused:
        read_object("application/vnd.kubernetes.protobuf", enveloped(b"Pod", b""))
    assert refused.value.code == 415


@given(st.binary(max_size=60))
def test_broken_protobuf_is_refused_and_never_breaks_the_server(raw: bytes) -> None:
    for body in (raw, MAGIC + raw, enveloped(b"DeleteOptions", raw)):
        try:
            read_object("application/vnd.kubernetes.protobuf", body)
        except ApiError as error:
            codes = (400, 415)
            assert error.code in codes  # noqa: PT017 - most inputs are refused, some are valid


@pytest.mark.parametrize(
    ("kind", "body", "code"), [("text/plain", b"{}", 415), ("application/json", b"{", 400), ("", b"[]", 400)]
)
def test_a_body_that_is_no_json_object_is_refused(kind: str, body: bytes, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        read_object(kind, body)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        "latency=200ms",
        "latency=1s~50ms,verb=list,resource=nodes,times=3",
        "error=429,retry-after=2,times=1",
        "watch=drop",
        "watch=hang,resource=nodes",
        "continue=expired",
        "connections=refuse",
    ],
)
def test_a_fault_reads_back_as_it_was_written(text: str) -> None:
    written = str(parse(text))
    assert sorted(written.split(",")) == sorted(text.split(","))
    assert parse(written) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope=1",
        "latency=fast",
        "latency",
        "error=200",
        "watch=drop,verb=list",
        "error=500,times=0",
        "error=500,times=x",
        "connections=refuse,times=1",
    ],
)
def test_a_fault_that_means_nothing_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert str(refused.value).endswith(".")


def listing(plural: str = "nodes") -> Asked:
    return asked("list", plural)


def test_a_fault_is_used_up_by_the_requests_it_is_about() -> None:
    faults = Faults()
    faults.add("error=503,verb=list,resource=nodes,times=2")
    assert faults.error(asked("get", "nodes")) is None
    assert faults.error(listing("pods")) is None
    codes = [error.code for error in (faults.error(listing()), faults.error(listing())) if error]
    assert codes == [503, 503]
    assert faults.error(listing()) is None
    assert faults.standing() == []


def test_faults_stand_until_cleared_by_kind_or_all() -> None:
    faults = Faults()
    for text in ("error=500", "latency=10ms", "watch=hang"):
        faults.add(text)
    assert faults.delay(listing()) == 0.01
    assert faults.hanging("nodes")
    faults.clear("latency")
    assert faults.standing() == ["error=500", "watch=hang"]
    faults.clear()
    assert faults.standing() == []


def test_a_retry_after_is_in_the_header_and_in_the_status() -> None:
    faults = Faults()
    faults.add("error=429,retry-after=2")
    error: Any = faults.error(listing())
    assert error.headers == {"Retry-After": "2"}
    assert error.status["details"]["retryAfterSeconds"] == 2
