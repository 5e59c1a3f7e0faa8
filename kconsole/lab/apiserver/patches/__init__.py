"""The patch formats of the Kubernetes API, each in its own file. Pure: objects and patches in, new objects out.

Server-side apply is not offered; a client that asks for it is told so (415).
"""

from __future__ import annotations

import msgspec

from kconsole.lab.apiserver.patches.jsonpatch import PatchFailed, apply_json_patch
from kconsole.lab.apiserver.patches.merge import apply_merge_patch
from kconsole.lab.apiserver.patches.strategic import apply_strategic_patch
from kconsole.lab.apiserver.status import ApiError, Object, bad_request, failure, unsupported_media_type

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
ACCEPTED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH)
ACCEPTED_FOR_CUSTOM = (JSON_PATCH, MERGE_PATCH)
"""Which lists merge by what is known of the built-in kinds only."""


class Patch:
    """A patch as it came in a request: content type and body. 415 for a format not read here, 400 for broken JSON."""

    def __init__(self, content_type: str, body: bytes, accepted: tuple[str, ...] = ACCEPTED) -> None:
        if content_type not in accepted:
            raise _not_read(content_type, accepted)
        self._format = content_type
        try:
            self.content = msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise bad_request(f"error decoding patch: {error}") from error
        if not isinstance(self.content, list if content_type == JSON_PATCH else dict):
            raise bad_request(f"error decoding patch: not what {content_type} asks for")

    @property
    def strategic(self) -> bool:
        """Whether it is a strategic merge patch."""
        return self._format == STRATEGIC_PATCH

    def apply(self, obj: Object) -> Object:
        """The object patched; 422 when the patch does not fit it."""
        try:
            if self._format == JSON_PATCH:
                patched = apply_json_patch(obj, self.content)
            elif self._format == MERGE_PATCH:
                patched = apply_merge_patch(obj, self.content)
            else:
                patched = apply_strategic_patch(obj, self.content)
        except PatchFailed as problem:
            raise failure(
                422, "Invalid", f"the server rejected our request due to an error in our request: {problem}"
            ) from None
        if not isinstance(patched, dict) or not isinstance(patched.get("metadata"), dict):
            raise bad_request("the patch leaves no object")
        return patched


def _not_read(content_type: str, accepted: tuple[str, ...]) -> ApiError:
    if content_type.startswith("application/apply-patch"):
        message = "server-side apply is not supported by this server: use a client-side apply or one of: "
        return failure(415, "UnsupportedMediaType", message + ", ".join(accepted))
    return unsupported_media_type(accepted)
