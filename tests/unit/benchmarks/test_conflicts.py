"""What two instances counted, added up from their metrics."""

from tests.benchmarks.contenders import Conflicts, conflicts

_ONE = """\
# TYPE jemput_commit_batch_size histogram
jemput_commit_batch_size_bucket{le="1.0"} 3.0
jemput_commit_batch_size_bucket{le="+Inf"} 20.0
jemput_commit_batch_size_count 20.0
jemput_commit_batch_size_sum 400.0
# TYPE jemput_commit_conflicts_total counter
jemput_commit_conflicts_total 2.0
# TYPE jemput_commit_units_redecided_total counter
jemput_commit_units_redecided_total 5.0
"""


def test_counters_of_both_instances_are_added() -> None:
    assert conflicts(812.4, [_ONE, _ONE]) == Conflicts(812.4, 40, 4, 10)
