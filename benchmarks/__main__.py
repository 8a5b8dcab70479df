"""`python -m benchmarks [--write-readme]`: every measurement, one after the other."""

import sys

from . import ack, aws, bundles, dispatch, fanout, functions, gateway, guards, inbound, start

arguments, sys.argv[1:] = sys.argv[1:], []
for measurement in (aws, dispatch, guards, start, functions, bundles, inbound, ack, gateway):
    measurement.main()
fanout.main(arguments)
