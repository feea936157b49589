"""What can be wrong with the hub's own keys.

Unavailable
├── KeyFileMissing     the register names a key whose file is not there
└── MasterKeyOther     no file holds the master key that the register names
"""

from hub.errors import Unavailable


class KeyFileMissing(Unavailable):
    """A key that has to sign has no file; facts ``use``, ``id``, ``folder``."""

    code = "key-file-missing"


class MasterKeyOther(Unavailable):
    """The master key of another time or hub; facts ``needed``, ``found`` and ``file``."""

    code = "master-key-other"
