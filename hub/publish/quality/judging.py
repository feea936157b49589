"""What a job asks and keeps of quality, beside the check of its rows."""

from collections.abc import Mapping
from datetime import datetime

from catalog.definition import Dataset
from certs.sealing import Wrapping
from hub.clock import SHANGHAI
from hub.ledger.change import Change
from hub.publish.quality import kept
from hub.publish.quality.elsewhere import Elsewhere
from hub.publish.quality.findings import findings
from hub.publish.quality.profile import Profile
from hub.publish.report import Report
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection


class Judging:
    """The quality of one publication; ``absent`` is what its checker asks other datasets."""

    def __init__(
        self,
        folder: Folder,
        settings: Settings,
        connection: Connection,
        master: Wrapping,
        publication: str,
        dataset: Dataset,
    ) -> None:
        self._connection = connection
        self._publication = publication
        self._dataset = dataset
        self._profile: Profile | None = None
        created, department = connection.execute(
            "SELECT p.created, d.department FROM publications p"
            " JOIN datasets d ON d.code = p.dataset WHERE p.id = ?",
            (publication,),
        ).fetchone()
        self.today = datetime.fromtimestamp(created / 1000, SHANGHAI).date().isoformat()
        """The day in Beijing on which it began: the same if a job was cut off and begins anew."""
        self._elsewhere = Elsewhere(
            folder, settings, connection, master, department=department, now=created
        )
        self._elsewhere.open(dataset)
        self.absent = self._elsewhere.absent

    def close(self) -> None:
        """Close the other datasets."""
        self._elsewhere.close()

    def judge(self, report: Report, profile: Profile, broken: Mapping[str, int]) -> Report:
        """The report with all that stands out, once everything is checked."""
        self._profile = profile
        before = kept.last_live(self._connection, self._dataset.code)
        found = findings(self._dataset, profile, before, broken, self._elsewhere.unasked)
        return report.judged(self._dataset, profile, found)

    def keep(self, change: Change) -> None:
        """Keep the profile with the outcome of the publication."""
        if self._profile is not None:
            kept.keep(change, self._publication, self._dataset.code, self._profile)
