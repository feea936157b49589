"""A synthetic city from a seed: no data of real people may enter the project, so it makes its own.

Numbers have right check characters and real areas; everything else is drawn. A number may by chance
be somebody's: nothing here says anything about that person.
"""

from hub.ops.city.build import Progress, build
from hub.ops.city.summary import CitySummary, Sample

__all__ = ["CitySummary", "Progress", "Sample", "build"]
