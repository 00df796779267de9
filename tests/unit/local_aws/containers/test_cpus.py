"""CPUs go round."""

from local_aws.containers.cpus import CpuShares


def test_containers_get_the_least_used_cpus():
    shares = CpuShares((0, 1, 2, 3))

    taken = [shares.take("a", 2), shares.take("b", 1), shares.take("c", 1)]

    assert taken == [(0, 1), (2,), (3,)]


def test_given_back_cpus_are_taken_again():
    shares = CpuShares((0, 1))
    shares.take("a", 1)
    shares.take("b", 1)

    shares.release("a")

    assert shares.take("c", 1) == (0,)


def test_whoever_may_use_all_is_bound_to_none():
    shares = CpuShares((0, 1))

    assert shares.take("a", None) == shares.take("b", 2) == ()
