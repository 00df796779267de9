"""Say in words what the model is for: the text of its model card."""

PURPOSE = (
    "Estimates, two hours before the scheduled departure, the probability that a flight from New York arrives "
    "30 or more minutes late."
)
INTENDED_USES = (
    "Early warning of travellers, crews and gate planning, on flights of the airlines and airports in the training "
    "data. Not for decisions about people, and not for flight safety."
)
LIMITS = (
    "Weather that is not yet observed at the cut-off, airports and airlines that are new, and seasons whose share of "
    "late flights differs from the training months: the base rate moves from 9 to 24 percent within the year."
)
TEST_SET = "November 2013, untouched by training and tuning"
CAVEATS = (
    "The tail number is the aircraft that really flew; swaps are known only later, which makes the features of the "
    "inbound aircraft mildly optimistic. Cancelled flights have no arrival and are not in the evaluation."
)

SAMPLE_RECORD = {
    "carrier": "UA",
    "origin": "EWR",
    "dest": "IAH",
    "year": 2013,
    "month": 12,
    "day": 1,
    "sched_dep_time": 515,
    "sched_arr_time": 814,
    "distance": 1400,
}
"""A raw record that every model must answer: the first question a released challenger is asked."""
