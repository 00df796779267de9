"""The statistics of an experiment between a champion and a challenger, and what a verdict is made of.

    plan            what was agreed before the start: effect, error rates, tolerances, durations
    day_sequence    always-valid interval of a mean over days, within which requests depend on each other
    counts_sequence always-valid interval of a share (errors, requests over a latency limit)
    mean_sequence   always-valid interval of a mean over requests, for alarms within a day
    sample_ratio    do the variants get the traffic that was planned?
    planning        how long it will take and what it can find
    capture, ground_truth, requests   what was asked, what became of it, what both models say
    paired, split   the two comparisons
    guardrails      what must not get worse
    metrics_file    what CloudWatch counted
    verdict         continue, promote or abandon
    picture         the same for the eye

Every sequence here is *always valid*: the probability that it ever, at any of infinitely many looks, excludes the truth
is at most its alpha. So looking every hour, stopping early and going on longer are all allowed.
"""
