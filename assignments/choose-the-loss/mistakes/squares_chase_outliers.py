"""Squared errors let a few outliers lead.

Squaring turns an error that is ten times larger into a cost that is a hundred times larger, so a handful of extreme
values can outweigh all the rest. `L1Loss` and `SmoothL1Loss` grow only in proportion for large errors. Ask yourself
first whether the extreme values are what you want to get right.
"""
