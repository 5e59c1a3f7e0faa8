"""A session with the cluster that the flags name, for commands without a screen."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from kconsole.errors import UsageError
from kconsole.i18n import _

if TYPE_CHECKING:
    from kconsole.kube.session import Session


async def open_session(args: argparse.Namespace) -> Session:
    """Open it; nothing is sent yet. On a terminal a credential plugin may ask its questions there.

    Raises ConfigProblem when the kubeconfig does not allow it.
    """
    from kconsole.kube.session import Impersonation, Session

    if args.as_groups and not args.as_user:
        raise UsageError(_("--as-group needs --as: a group is claimed together with a user."))
    impersonation = Impersonation(args.as_user, tuple(args.as_groups or ())) if args.as_user else None
    interactive = nullcontext if sys.stdin.isatty() else None
    return await Session.open(args.kubeconfig, args.context, impersonate=impersonation, interactive=interactive)
