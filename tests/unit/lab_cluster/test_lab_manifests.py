"""kubeadm's manifests as they are written, and as a kubelet reads them back."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from kconsole.lab import etcd
from kconsole.lab.ground import manifests
from kconsole.lab.ground.manifests import Addresses
from kconsole.lab.kubelets.static_pods import BadManifest, fingerprint, parse, read_manifests

ADDRESSES = {"cp1": Addresses(21001, 21002, 21003, 21004), "cp2": Addresses(22001, 22002, 22003, 22004)}
BINARY = etcd.EtcdBinary(
    Path("/bin/etcd"),
    "3.5.1",
    frozenset(
        (
            *("name", "data-dir", "cert-file", "key-file", "trusted-ca-file", "listen-client-urls"),
            *("peer-cert-file", "peer-key-file", "peer-trusted-ca-file", "initial-cluster", "initial-cluster-state"),
            *("logger", "log-outputs", "unsafe-no-fsync", "experimental-watch-progress-notify-interval"),
        )
    ),
)


def etcd_yaml(version: str = "1.33.4", node: str = "cp1") -> str:
    members = {name: ADDRESSES[name] for name in ("cp1", "cp2")[: 1 if node == "cp1" else 2]}
    return manifests.etcd(node, version, members, joined=len(members) > 1)


def every_manifest(version: str) -> dict[str, str]:
    return {
        "etcd": etcd_yaml(version),
        "kube-apiserver": manifests.kube_apiserver("10.10.0.11", version, ADDRESSES["cp1"]),
        "kube-controller-manager": manifests.kube_controller_manager(version, "10.244.0.0/16", "kubernetes"),
        "kube-scheduler": manifests.kube_scheduler(version),
    }


@pytest.mark.parametrize("version", ["1.27.16", "1.30.14", "1.33.4", "1.34.2", "1.36.0"])
@pytest.mark.parametrize("component", ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"])
def test_a_manifest_reads_back_as_the_pod_it_is(version: str, component: str) -> None:
    pod = parse(every_manifest(version)[component].encode(), f"{component}.yaml")
    assert (pod.name, pod.component, pod.argv[0]) == (component, component, component)
    assert list(pod.argv[1:]) == sorted(pod.argv[1:])
    spec = pod.body["spec"]
    assert spec["hostNetwork"] is True
    assert spec["priorityClassName"] == "system-node-critical"
    mounted = {mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}
    paths = [value for value in pod.flags.values() if value.startswith(("/etc/kubernetes", "/var/lib"))]
    assert [path for path in paths if pod.on_node(path) is None] == []


def test_etcd_lists_itself_on_the_first_node_and_the_members_at_its_joining_on_the_second() -> None:
    first, second = (parse(etcd_yaml(node=node).encode(), "etcd.yaml") for node in ("cp1", "cp2"))
    assert first.flags["initial-cluster"] == "cp1=https://127.0.0.1:21002"
    assert "initial-cluster-state" not in first.flags
    assert second.flags["initial-cluster"] == "cp1=https://127.0.0.1:21002,cp2=https://127.0.0.1:22002"
    assert second.flags["initial-cluster-state"] == "existing"


def test_flags_follow_the_etcd_that_the_release_ships() -> None:
    old, new = (parse(etcd_yaml(version).encode(), "etcd.yaml") for version in ("1.33.4", "1.34.2"))
    assert "experimental-initial-corrupt-check" in old.flags
    assert new.flags["feature-gates"] == "InitialCorruptCheck=true"
    assert old.body["spec"]["containers"][0]["livenessProbe"]["httpGet"]["path"] == "/livez"
    probe = parse(etcd_yaml("1.30.14").encode(), "etcd.yaml").body["spec"]["containers"][0]["livenessProbe"]
    assert probe["httpGet"]["path"] == "/health?exclude=NOSPACE&serializable=true"


def test_a_path_is_the_nodes_where_a_volume_mounts_it_and_the_containers_own_elsewhere() -> None:
    text = etcd_yaml().replace("path: /var/lib/etcd", "path: /var/lib/restored")
    pod = parse(text.encode(), "etcd.yaml")
    assert pod.on_node("/var/lib/etcd/member") == PurePosixPath("/var/lib/restored/member")
    assert pod.on_node("/var/lib/etcd-new") is None
    root, scratch = Path("/lab/nodes/cp1"), Path("/lab/containers/cp1-etcd")
    assert pod.real("/var/lib/etcd", root=root, scratch=scratch) == root / "var/lib/restored"
    assert pod.real("/var/lib/etcd-new", root=root, scratch=scratch) == scratch / "var/lib/etcd-new"


def test_no_path_of_a_manifest_leads_out_of_the_nodes_folder() -> None:
    text = etcd_yaml().replace("path: /var/lib/etcd", "path: /var/../../../outside")
    pod = parse(text.encode(), "etcd.yaml")
    root, scratch = Path("/lab/nodes/cp1"), Path("/lab/containers/x")
    assert root in pod.real("/var/lib/etcd/../../..", root=root, scratch=scratch).parents
    assert scratch in pod.real("/../../etc/passwd", root=root, scratch=scratch).parents


@pytest.mark.parametrize(
    "command",
    [
        "[etcd, --name=cp1, --data-dir=/d]",
        "[etcd, --name, cp1, --data-dir, /d]",
        "[etcd, -name=cp1, --data-dir=/x, --data-dir=/d]",
        '[etcd, "--name=cp1"]\n    args: [--data-dir, /d]',
    ],
)
def test_flags_are_read_however_they_are_written(command: str) -> None:
    text = "kind: Pod\nmetadata: {name: etcd}\nspec:\n  containers:\n  - name: etcd\n    image: etcd:1\n"
    text += f"    command: {command}\n"
    flags = parse(text.encode(), "etcd.yaml").flags
    assert (flags["name"], flags["data-dir"]) == ("cp1", "/d")


@pytest.mark.parametrize(
    "text", ["", "just text", "{", "kind: Pod", "kind: Service\nmetadata: {name: a}", "- a\n- b", "kind: Pod\nspec: 3"]
)
def test_what_is_no_pod_is_a_bad_manifest_and_nothing_worse(text: str) -> None:
    with pytest.raises(BadManifest, match=r"x\.yaml"):
        parse(text.encode(), "x.yaml")


def test_a_kubelet_reads_every_file_but_hidden_ones_and_names_those_that_are_no_pods(tmp_path: Path) -> None:
    (tmp_path / "etcd.yaml").write_text(etcd_yaml())
    (tmp_path / "etcd.yaml.bak").write_text(etcd_yaml().replace("/var/lib/etcd", "/var/lib/old"))
    (tmp_path / ".hidden.yaml").write_text(every_manifest("1.33.4")["kube-scheduler"])
    (tmp_path / "notes.txt").write_text("remember the milk")
    (tmp_path / "folder").mkdir()
    pods, problems = read_manifests(tmp_path)
    assert {name: pod.source for name, pod in pods.items()} == {"etcd": "etcd.yaml"}
    assert len(problems) == 1
    assert "notes.txt" in problems[0]


def test_a_fingerprint_changes_with_every_file_that_comes_goes_or_is_rewritten(tmp_path: Path) -> None:
    seen = [fingerprint(tmp_path), fingerprint(tmp_path / "missing")]
    assert seen[0] == seen[1]
    manifest = tmp_path / "a.yaml"
    manifest.write_text("1")
    seen.append(fingerprint(tmp_path))
    other = tmp_path / "b.yaml"
    other.write_text("2")
    other.replace(manifest)
    seen.append(fingerprint(tmp_path))
    manifest.unlink()
    assert len(set(seen)) == 3
    assert fingerprint(tmp_path) == seen[0]


def test_etcd_runs_with_real_paths_known_flags_and_the_birth_list() -> None:
    pod = parse(etcd_yaml("1.34.2", node="cp2").encode(), "etcd.yaml")
    real = Path("/real")
    born = etcd.command_line(BINARY, pod, lambda path: real / path[1:], birth="cp1=a,cp2=b", safe_writes=False)
    assert "--data-dir=/real/var/lib/etcd" in born
    assert "--initial-cluster=cp1=a,cp2=b" in born
    assert "--initial-cluster-state=new" in born
    assert "--unsafe-no-fsync=true" in born
    assert "--experimental-watch-progress-notify-interval=5s" in born
    assert not [word for word in born if word.startswith("--feature-gates")]
    later = etcd.command_line(BINARY, pod, lambda path: real / path[1:], birth=None, safe_writes=True)
    assert "--initial-cluster-state=existing" in later
    assert not [word for word in later if "fsync" in word]
