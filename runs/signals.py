"""What products may hear of runs. Sent by control after the rows are committed, at least once each:
a receiver must do nothing new when it is told again. The sender is the class `Run`.

A fork tells of the spans that it took over, too.

`run_started(run)`, `span_finished(run, span)`, `run_finished(run)`.
"""

from django.dispatch import Signal

run_started = Signal()
span_finished = Signal()
run_finished = Signal()
