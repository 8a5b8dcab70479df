"""`python -m benchmarks`: every measurement, one after the other."""

from . import dispatch, fanout, start

for measurement in (dispatch, start, fanout):
    measurement.main()
