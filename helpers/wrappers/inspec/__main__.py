"""Write the Ruby files of the course's profile from its source: ``python -m helpers.wrappers.inspec``."""

from helpers.wrappers.inspec.profile import PLATFORM, load
from helpers.wrappers.inspec.ruby import write

for path in write(load(PLATFORM)):
    print(path.name)
