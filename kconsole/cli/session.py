"""A session with the cluster that the flags name, for commands without a screen."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kconsole.kube.session import Session


async def open_session(args: argparse.Namespace) -> Session:
    """Open it; nothing is sent yet. Raises ConfigProblem when the kubeconfig does not allow it."""
    from kconsole.kube.session import Impersonation, Session

    impersonation = Impersonation(args.as_user or "", tuple(args.as_groups or ())) if args.as_user else None
    return await Session.open(args.kubeconfig, args.context, impersonate=impersonation)
