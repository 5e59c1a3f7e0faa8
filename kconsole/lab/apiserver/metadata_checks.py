"""What can be wrong with an object's metadata: its name, labels, annotations, and their size. Pure."""

from __future__ import annotations

import re

from kconsole.lab.apiserver.rule import Cause, required, wrong
from kconsole.lab.apiserver.selectors import is_label_key, is_label_value
from kconsole.lab.apiserver.status import Object

LARGEST_ANNOTATIONS = 256 * 1024
"""Bytes that all annotations of an object may have together, keys and values."""

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_OF_LABELS = ("namespaces", "services")
"""Resources whose names are parts of host names."""
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start"
    " and end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def too_long(field: str, most: int) -> Cause:
    """The field has more than `most` bytes."""
    return field, "FieldValueTooLong", f"Too long: may not be more than {most} bytes"


def metadata_causes(plural: str, metadata: Object) -> list[Cause]:
    """What is wrong with the metadata of an object of that resource."""
    name = metadata.get("name")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    return [*_name_causes(plural, name), *_label_causes(metadata), *_annotation_causes(metadata)]


def _name_causes(plural: str, name: str) -> list[Cause]:
    shape, rule, most = (_LABEL, _LABEL_RULE, 63) if plural in _OF_LABELS else (_SUBDOMAIN, _SUBDOMAIN_RULE, 253)
    causes = [] if shape.fullmatch(name) else [wrong("metadata.name", f'"{name}"', rule)]
    if len(name) > most:
        causes.append(wrong("metadata.name", f'"{name}"', f"must be no more than {most} characters"))
    return causes


def _label_causes(metadata: Object) -> list[Cause]:
    causes: list[Cause] = []
    for key, value in (metadata.get("labels") or {}).items():
        if not is_label_key(key):
            causes.append(wrong("metadata.labels", f'"{key}"', _KEY_RULE))
        if not isinstance(value, str) or not is_label_value(value):
            is_long = isinstance(value, str) and len(value) > 63
            rule = "must be no more than 63 characters" if is_long else _VALUE_RULE
            causes.append(wrong("metadata.labels", f'"{value}"', rule))
    return causes


def _annotation_causes(metadata: Object) -> list[Cause]:
    annotations = metadata.get("annotations") or {}
    causes: list[Cause] = []
    for key, value in annotations.items():
        if not is_label_key(key.lower()):
            causes.append(wrong("metadata.annotations", f'"{key}"', _KEY_RULE))
        elif not isinstance(value, str):
            causes.append(wrong("metadata.annotations", f'"{key}"', "must be a text"))
    if not causes and sum(len(key) + len(value) for key, value in annotations.items()) > LARGEST_ANNOTATIONS:
        causes.append(too_long("metadata.annotations", LARGEST_ANNOTATIONS))
    return causes
