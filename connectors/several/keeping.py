"""What the store keeps of several entries of one request: one receipt with all, without values."""

from certs.canonical import canonical
from connectors.batch.question import BatchQuestion, kept_batch
from connectors.cases.errors import CaseAskedAgain
from connectors.cases.question import CaseQuestion
from connectors.feed.question import FeedQuestion, kept_feed
from connectors.joint.question import JointQuestion, kept_joint
from connectors.question import Question, kept
from connectors.receipts.kept import Kept, KeptQuestion
from connectors.several.verify import Several


def several_to_keep(
    checked: Several, question: BatchQuestion | FeedQuestion | JointQuestion | CaseQuestion
) -> Kept:
    """What the store keeps of a verified answer with several entries."""
    first = checked.opened[0]
    alone = len(checked.opened) == 1
    return Kept(
        entry=checked.entry,
        origin=checked.receipt.origin,
        request=checked.receipt.request,
        request_id=question.request_id,
        token=checked.token,
        status=checked.receipt.status,
        outcome=first.control.outcome,
        leaf=first.leaf_bytes,
        leaf_hash=b"".join(one.leaf_hash for one in checked.opened),
        opening=canonical(checked.openings[0] if alone else list(checked.openings)),
        time=first.leaf.time,
        state="received",
        proof=None,
        checkpoint=None,
        key=checked.key,
        operation=question.operation,
        dataset=question.dataset,
        entries=len(checked.opened),
    )


def question_of(
    before: KeptQuestion,
) -> Question | BatchQuestion | FeedQuestion | JointQuestion:
    """A question of ours, read again; raises ``QuestionRefused``."""
    if before.operation == "batch":
        return kept_batch(before.dataset, before.body)
    if before.operation == "feed":
        return kept_feed(before.dataset, before.body)
    if before.operation == "joint":
        return kept_joint(before.body)
    if before.operation == "case":  # its answer is what it rests on: it is asked for again
        raise CaseAskedAgain
    return kept(before.operation, before.dataset, before.body)
