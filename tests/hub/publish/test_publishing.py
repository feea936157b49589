"""A whole publication: what it reports, what stands afterwards, and who may do it."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from tests.hub.publish.conftest import CONNECTOR, DEPARTMENT, STEWARD, World, as_chunks
from tests.hub.publish.people import COLUMNS, resident, resident_id, residents

