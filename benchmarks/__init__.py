"""Side-by-side measurements: each prints what a thing costs here and elsewhere in one run, and the ratio.

Figures drift from machine to machine and from minute to minute; ratios of one run hold.
"""
