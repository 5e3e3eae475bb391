"""Tests of the logic, on this machine: `python3 -m unittest`."""

import sys
from pathlib import Path

# Where `hal9 plugin build` takes the plugin's modules from.
sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
