"""The hub is made, its root key carried away and its master key copied, and it serves."""

import shutil

from pydantic import BaseModel, ConfigDict

from hub.ops.demo.api import Api
from hub.ops.demo.cast import keep
from hub.ops.demo.stage import HUB_NAME, Stage
from hub.ops.init import init
from hub.ops.keys import at_stake, at_the_folder


class _Ledger(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    origin: str


class _About(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    hub: str
    ledger: _Ledger


def play(stage: Stage) -> Api:
    """Make the hub and start it; gives the administrator's API."""
    teller, folder, cast = stage.teller, stage.folder, stage.cast
    administrator = cast.administrator
    teller.act("demo.opening")
    teller.step("demo.opening.made", folder=str(stage.options.folder / "hub"))
    keep(cast, folder.accounts, stage.address, teller.language)
    made = init(
        folder.hub,
        HUB_NAME,
        stage.address,
        stage.clock,
        administrator=(administrator.account, administrator.name, administrator.password),
    )
    root = made.keys / "root"
    root.rename(folder.offline_root)
    teller.expect((folder.offline_root / "root.key").exists() and not root.exists())
    teller.step("demo.opening.copied")
    copied = folder.offline_root / "master.key"
    shutil.copyfile(made.keys / "master.key", copied)
    copied.chmod(0o600)
    with at_the_folder(folder.hub, stage.clock) as hub:
        fingerprint = hub.confirm_copy(copied)
    teller.expect(at_stake(folder.hub) is None, seen=fingerprint)
    teller.step("demo.opening.served", address=stage.address)
    stage.serve()
    api = stage.connect(stage.address, None)
    about = _About.model_validate(api.call("GET", "/.well-known/yifen"))
    api.close()
    told = (about.hub, about.ledger.origin)
    teller.expect(told == (HUB_NAME, f"{HUB_NAME}/ledger/1"), seen=" ".join(told))
    return stage.sign_in(administrator)
