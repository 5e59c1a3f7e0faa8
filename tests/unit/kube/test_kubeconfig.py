"""Kubeconfigs are read and merged as kubectl does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kconsole.kube import kubeconfig
from kconsole.kube.errors import ConfigProblem
from kconsole.kube.kubeconfig import LabEntry, contexts, resolve


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)


def written(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


ONE = """
current-context: a
contexts:
- {name: a, context: {cluster: c, user: u, namespace: ns}}
- {name: b, context: {cluster: c, user: u}}
clusters:
- {name: c, cluster: {server: "https://one:6443/", certificate-authority: pki/ca.crt}}
users:
- name: u
  user: {client-certificate: me.crt, client-key: /abs/me.key, tokenFile: ../token}
"""
TWO = """
current-context: z
contexts:
- {name: a, context: {cluster: other, user: other}}
- {name: z, context: {cluster: z, user: z}}
clusters:
- {name: c, cluster: {server: "https://two", insecure-skip-tls-verify: true}}
- {name: z, cluster: {server: "https://z"}}
users:
- {name: z, user: {token: t}}
"""


def test_contexts_are_listed_in_order_with_what_they_lead_to(tmp_path: Path) -> None:
    a, b = contexts(written(tmp_path / "k", ONE))
    assert (a.name, a.cluster, a.user, a.server, a.namespace, a.default) == (
        "a", "c", "u", "https://one:6443", "ns", True,
    )  # fmt: skip
    assert (b.name, b.namespace, b.default) == ("b", "default", False)


def test_of_a_list_the_first_file_to_say_a_thing_wins_and_entries_are_taken_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = written(tmp_path / "1", ONE), written(tmp_path / "2", TWO)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([first, str(tmp_path / "missing"), second, first]))
    assert [c.name for c in contexts()] == ["a", "b", "z"]
    access = resolve()
    assert access.context.name == "a"
    assert access.cluster.server == "https://one:6443/"
    assert access.cluster.insecure_skip_tls_verify is None


def test_the_current_context_is_the_first_one_set_not_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = written(tmp_path / "0", "current-context: ''\n")
    monkeypatch.setenv(
        "KUBECONFIG", os.pathsep.join([nothing, written(tmp_path / "1", ONE), written(tmp_path / "2", TWO)])
    )
    assert resolve().context.name == "a"


def test_relative_paths_are_relative_to_the_file_that_holds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "deep" / "1", ONE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([written(tmp_path / "2", TWO.replace("z", "y")), file]))
    access = resolve(context="b")
    assert access.user.client_certificate == str(tmp_path / "deep/me.crt")
    assert access.user.client_key == "/abs/me.key"
    assert Path(access.user.token_file or "").resolve() == tmp_path / "token"
    monkeypatch.setenv("KUBECONFIG", "deep/1")
    assert resolve().cluster.certificate_authority == str(tmp_path / "deep/pki/ca.crt")


@pytest.mark.parametrize(("command", "becomes"), [("aws", "aws"), ("./bin/aws", "{}/bin/aws"), ("/x/aws", "/x/aws")])
def test_only_a_plugin_command_with_a_separator_is_a_path(tmp_path: Path, command: str, becomes: str) -> None:
    plugin = f"{{command: {command}, apiVersion: client.authentication.k8s.io/v1, env: null, args: null}}"
    text = ONE.replace(
        "{client-certificate: me.crt, client-key: /abs/me.key, tokenFile: ../token}", f"{{exec: {plugin}}}"
    )
    found = resolve(written(tmp_path / "k", text)).user.exec
    assert found is not None
    assert os.path.normpath(found.command) == becomes.format(tmp_path)


def test_the_flag_beats_the_environment_which_beats_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "home/.kube/config", ONE.replace("one", "home"))
    assert resolve().context.server == "https://home:6443"
    monkeypatch.setenv("KUBECONFIG", written(tmp_path / "e", ONE.replace("one", "env")))
    assert resolve().context.server == "https://env:6443"
    assert resolve(written(tmp_path / "f", ONE.replace("one", "flag"))).context.server == "https://flag:6443"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("contexts: [\n", "is not valid YAML"),
        ("- a\n- b\n", "not one kubectl could read"),
        ("just words\n", "not one kubectl could read"),
        ("contexts: {a: b}\n", "not one kubectl could read"),
        ("contexts: [text]\n", "not one kubectl could read"),
        ("contexts:\n- {context: {cluster: c}}\n", "not one kubectl could read"),
        ("\x00\x01", "is not valid YAML"),
        ("clusters: []\n", "No context is chosen"),
        ("current-context: nope\n", "There is no context nope"),
        ("current-context: a\ncontexts:\n- {name: a, context: {cluster: c}}\n", "names the cluster c"),
        (ONE.replace("name: u\n", "name: v\n"), "names the user u"),
        (ONE + "- {name: u, user: {}}\n", "names u twice under users"),
    ],
)
def test_each_way_a_file_can_be_wrong_has_its_sentence(tmp_path: Path, content: str, says: str) -> None:
    file = written(tmp_path / "k", content)
    with pytest.raises(ConfigProblem, match=says) as caught:
        resolve(file)
    assert file in str(caught.value)
    assert caught.value.exit_code == 1


def test_a_missing_an_unreadable_and_no_kubeconfig_at_all_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match=r"no kubeconfig at .*nowhere"):
        contexts(str(tmp_path / "nowhere"))
    with pytest.raises(ConfigProblem, match="cannot be read: Is a directory"):
        contexts(str(tmp_path))
    with pytest.raises(ConfigProblem, match="--kubeconfig or \\$KUBECONFIG"):
        contexts()


def test_an_unknown_context_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match=r"no context c in .*Known: a, b"):
        resolve(written(tmp_path / "k", ONE), "c")


def test_an_empty_file_in_a_list_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = written(tmp_path / "0", "")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([empty, written(tmp_path / "1", ONE)]))
    assert resolve().context.name == "a"


def test_impersonation_and_the_lab_are_read_from_the_kubeconfig(tmp_path: Path) -> None:
    text = """
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters:
- name: c
  cluster:
    server: https://x
    extensions:
    - name: kconsole.io/lab
      extension: {control: "http://127.0.0.1:1", token: t, name: lab}
users:
- name: u
  user: {as: boss, as-groups: [g, h], as-uid: "7", as-user-extra: {k: [v, w]}}
"""
    access = resolve(written(tmp_path / "k", text))
    assert access.context.impersonate == "boss"
    assert access.context.lab == LabEntry(control="http://127.0.0.1:1", token="t", name="lab")
    assert access.impersonation is not None
    assert access.impersonation.headers() == [
        ("Impersonate-User", "boss"),
        ("Impersonate-Group", "g"),
        ("Impersonate-Group", "h"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Extra-k", "v"),
        ("Impersonate-Extra-k", "w"),
    ]


def test_without_a_kubeconfig_a_pod_uses_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = tmp_path / "serviceaccount"
    written(account / "token", "t")
    written(account / "namespace", "ops\n")
    monkeypatch.setattr(kubeconfig, "SERVICE_ACCOUNT", account)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (context,) = contexts()
    assert (context.name, context.server, context.namespace) == ("in-cluster", "https://[fd00::1]:443", "ops")
    assert resolve().user.token_file == str(account / "token")
    with pytest.raises(ConfigProblem, match="no context other"):
        resolve(context="other")
    written(tmp_path / "home/.kube/config", ONE)
    assert resolve().context.name == "a", "a kubeconfig goes first"


def test_listing_contexts_loads_neither_the_client_library_nor_an_http_client(tmp_path: Path) -> None:
    file = written(tmp_path / "k", ONE)
    program = (
        "import sys; from kconsole.kube.kubeconfig import contexts; contexts(sys.argv[1]);"
        "print({'kubernetes', 'aiohttp', 'asyncio', 'ruamel'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
