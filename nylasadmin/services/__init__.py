"""Use cases in verbs. They know the domain and ports, no framework, no SQL, no HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from nylasadmin.services.accounts import Accounts
from nylasadmin.services.answers import Answers
from nylasadmin.services.arrivals import Arrivals
from nylasadmin.services.audit import Audit
from nylasadmin.services.connecting import Connecting
from nylasadmin.services.console import Console
from nylasadmin.services.crm import Crm
from nylasadmin.services.explaining import Explaining
from nylasadmin.services.failed import Failed
from nylasadmin.services.links import Links
from nylasadmin.services.operators import Operators
from nylasadmin.services.pauses import Pauses
from nylasadmin.services.plans import Plans
from nylasadmin.services.policies import Policies
from nylasadmin.services.sign_in_views import Outcomes
from nylasadmin.services.snapshots import Snapshots
from nylasadmin.services.targets import Targets
from nylasadmin.services.undo import Undo


@dataclass(frozen=True)
class Services:
    """Everything the console and the command line may ask for."""

    targets: Targets
    accounts: Accounts
    links: Links
    snapshots: Snapshots
    pauses: Pauses
    failed: Failed
    plans: Plans
    policies: Policies
    answers: Answers
    undo: Undo
    operators: Operators
    console: Console
    crm: Crm
    audit: Audit
    arrivals: Arrivals
    explaining: Explaining
    connecting: Connecting
    outcomes: Outcomes
