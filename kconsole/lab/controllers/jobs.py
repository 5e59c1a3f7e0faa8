"""Jobs: pods that are made until enough of them have succeeded, or too many have failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers import pods
from kconsole.lab.controllers.loop import Controller, Key, key_of, owner_key
from kconsole.lab.indexes import by_controller

Object = dict[str, Any]

SOURCE = "job-controller"
_FIRST_BACKOFF, _LONGEST_BACKOFF = 10.0, 600.0


@dataclass
class _Count:
    """What became of a Job's pods, those that are gone included."""

    succeeded: int = 0
    failed: int = 0
    seen: set[str] = field(default_factory=set)
    last_failed: float | None = None


class Jobs(Controller):
    """The Job controller."""

    follows = ("jobs", "pods")

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self._pods = api.index("pods", by_controller)
        self._counts: dict[str, _Count] = {}

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself, or the owner of a pod."""
        if resource == "jobs":
            if kind == "DELETED":
                self._counts.pop(obj["metadata"]["uid"], None)
            return (key_of(obj),)
        return owner_key(obj, "Job")

    async def sync(self, key: Key) -> None:
        """Count, make or end pods, tell."""
        job = await self.api.get("jobs", *key)
        if job is None or pods.is_terminating(job):
            return
        if is_finished(job):
            await self._expire(key, job)
            return
        count = self._count(job)
        status = job.get("status") or {}
        conditions = list(status.get("conditions") or ())
        present = [pod for pod in self._pods.of(job["metadata"]["uid"]) if pods.is_active(pod)]
        spec = job["spec"]
        limit, completions = int(spec.get("backoffLimit", 6)), spec.get("completions")
        failure = self._failure(job, count, limit)
        wanted = wanted_pods(int(spec.get("parallelism", 1)), completions, count.succeeded)
        if failure or spec.get("suspend"):
            wanted = 0
        done = not failure and count.succeeded >= (1 if completions is None else int(completions))
        done = done and not (completions is None and present)
        for pod in present[wanted:] if not done or wanted == 0 else []:
            await self.api.delete("pods", *key_of(pod), uid=pod["metadata"]["uid"])
        if len(present) < wanted and not done and not self._waits(key, count):
            for _ in range(wanted - len(present)):
                await self._create(job)
        present = [pod for pod in self._pods.of(job["metadata"]["uid"]) if pods.is_active(pod)]
        end: Object = {}
        if done:
            end = {"completionTime": self.now}
            conditions += [self._condition(kind, "CompletionsReached", "Reached expected number of succeeded pods")
                           for kind in ("SuccessCriteriaMet", "Complete")]  # fmt: skip
            await self.api.event(job, "Completed", "Job completed", source=SOURCE)
        elif failure:
            conditions += [self._condition(kind, *failure) for kind in ("FailureTarget", "Failed")]
            await self.api.event(job, *failure, source=SOURCE, warning=True)
        counts = {"active": len(present), "failed": count.failed, "succeeded": count.succeeded}
        new: Object = {name: number for name, number in counts.items() if number}
        new |= {
            "ready": sum(1 for pod in present if pods.is_ready(pod)),
            "startTime": status.get("startTime") or self.now,
        }
        new |= {"terminating": 0, "uncountedTerminatedPods": {}} | end
        if conditions:
            new["conditions"] = conditions
        if new != status:
            await self.api.change("jobs", *key, lambda one: one | {"status": new}, subresource="status")

    def _count(self, job: Object) -> _Count:
        uid = job["metadata"]["uid"]
        ended = [pod for pod in self._pods.of(uid) if pods.is_finished(pod)]
        if uid not in self._counts:
            status = job.get("status") or {}
            self._counts[uid] = _Count(int(status.get("succeeded") or 0), int(status.get("failed") or 0))
            if status:  # those that are there have been counted by whoever led before
                good = sum(1 for pod in ended if pods.phase(pod) == "Succeeded")
                before = self._counts[uid]
                before.succeeded = max(0, before.succeeded - good)
                before.failed = max(0, before.failed - (len(ended) - good))
        count = self._counts[uid]
        for pod in ended:
            if pod["metadata"]["uid"] in count.seen:
                continue
            count.seen.add(pod["metadata"]["uid"])
            if pods.phase(pod) == "Succeeded":
                count.succeeded += 1
            else:
                count.failed += 1
                count.last_failed = self.clock.elapsed()
        return count

    def _failure(self, job: Object, count: _Count, limit: int) -> tuple[str, str] | None:
        if count.failed > limit:
            return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        deadline = job["spec"].get("activeDeadlineSeconds")
        started = (job.get("status") or {}).get("startTime")
        if deadline is not None and started:
            left = float(deadline) - (self.clock.now() - pods.moment(started)).total_seconds()
            if left <= 0:
                return "DeadlineExceeded", "Job was active longer than specified deadline"
            self.agenda.note(key_of(job), left)
        return None

    def _waits(self, key: Key, count: _Count) -> bool:
        """Whether the next pod has to wait because the last ones failed."""
        if not count.failed or count.last_failed is None:
            return False
        wait = min(_FIRST_BACKOFF * 2 ** (count.failed - 1), _LONGEST_BACKOFF)
        left = wait - (self.clock.elapsed() - count.last_failed)
        if left > 0:
            self.agenda.note(key, left)
        return bool(left > 0)

    async def _create(self, job: Object) -> None:
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        body = pods.from_template(job, job["spec"]["template"], generate=f"{name}-")
        labels = body["metadata"].get("labels") or {}
        body["metadata"]["labels"] = labels | job_labels(name, uid)
        pod = await self.api.create("pods", body)
        if pod is not None:
            await self.api.event(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", source=SOURCE)

    def _condition(self, kind: str, reason: str, message: str) -> Object:
        common = {"lastProbeTime": self.now, "lastTransitionTime": self.now}
        return {**common, "message": message, "reason": reason, "status": "True", "type": kind}

    async def _expire(self, key: Key, job: Object) -> None:
        """Remove a finished Job when its ttlSecondsAfterFinished has passed."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return
        over = next(c["lastTransitionTime"] for c in job["status"]["conditions"] if c["type"] in ("Complete", "Failed"))
        left = float(ttl) - (self.clock.now() - pods.moment(over)).total_seconds()
        if left > 0:
            self.agenda.note(key, left)
        else:
            await self.api.delete("jobs", *key, uid=job["metadata"]["uid"])


def is_finished(job: Object) -> bool:
    """Whether the Job is Complete or Failed."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(one["type"] in ("Complete", "Failed") and bool(one["status"] == "True") for one in conditions)


def wanted_pods(parallelism: int, completions: int | None, succeeded: int) -> int:
    """How many pods should run at once now."""
    if completions is None:
        return parallelism if not succeeded else 0
    return max(0, min(parallelism, int(completions) - succeeded))


def job_labels(name: str, uid: str) -> dict[str, str]:
    """The labels of a Job's pods."""
    return {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
