"""The store of objects that the settings name."""

from urllib.parse import urlsplit

from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.objects import FolderObjects, Objects


def open_objects(settings: Settings, folder: Folder) -> Objects:
    """The bucket, or the hub's folder; raises ``StorageRefused`` or ``InsecureKeyFile``."""
    bucket = settings.materials.bucket
    if bucket is None:
        return FolderObjects(folder.objects)
    # Only those who have a bucket pay for the client's 20 MiB.
    from hub.storage.objects_s3 import S3Objects, S3Place  # noqa: PLC0415

    address = urlsplit(bucket.endpoint)
    return S3Objects(
        S3Place(
            endpoint=address.netloc,
            bucket=bucket.name,
            region=bucket.region,
            credentials=bucket.credentials,
            secure=address.scheme == "https",
            tls_roots=bucket.tls_roots,
        )
    )
