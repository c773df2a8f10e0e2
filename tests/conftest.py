"""No test reaches a model by accident: the switch in `llm.py` is off, for this process and those that it starts."""

import os

os.environ["LIMBECK_CALLS"] = "off"
