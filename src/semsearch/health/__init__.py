"""`status` and `doctor`: what a workspace holds, what is stale or broken, and the next command."""

from semsearch.health.checking import Check, doctor
from semsearch.health.judgements import LabelStatus, SpamStatus
from semsearch.health.pipelines import PipelineStatus
from semsearch.health.standing import Status, status

__all__ = ["Check", "LabelStatus", "PipelineStatus", "SpamStatus", "Status", "doctor", "status"]
