"""The test pyramid, measured: which layer of tests notices which planted fault, and in what time."""

from helpers.compliance.pyramid.bench import Bench, bench
from helpers.compliance.pyramid.layers import LAYERS
from helpers.compliance.pyramid.room import Room
from helpers.compliance.pyramid.run import BaselineFails, measure
from helpers.compliance.pyramid.types import Cell, Layer, Outcome, PyramidReport

__all__ = [
    "LAYERS",
    "BaselineFails",
    "Bench",
    "Cell",
    "Layer",
    "Outcome",
    "PyramidReport",
    "Room",
    "bench",
    "measure",
]
