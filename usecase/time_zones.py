"""The time zone of every destination in the data: a single request cannot bring the table of airports along."""

from __future__ import annotations

ORIGIN_ZONE = "America/New_York"

_DESTINATIONS = {
    "America/New_York": (
        "ACK ALB ATL AVL BDL BGR BOS BTV BUF BWI CAE CAK CHO CHS CLE CLT CMH CRW CVG DAY DCA DTW EYW FLL GRR GSO GSP "
        "IAD ILM IND JAX LEX LGA MCO MHT MIA MVY MYR ORF PBI PHL PIT PVD PWM RDU RIC ROC RSW SAV SBN SDF SRQ SYR TPA "
        "TVC TYS"
    ),
    "America/Chicago": "AUS BHM BNA DFW DSM HOU IAH MCI MDW MEM MKE MSN MSP MSY OKC OMA ORD SAT STL TUL XNA",
    "America/Denver": "ABQ BZN DEN EGE HDN JAC MTJ SLC",
    "America/Phoenix": "PHX",
    "America/Los_Angeles": "BUR LAS LAX LGB OAK PDX PSP SAN SEA SFO SJC SMF SNA",
    "America/Anchorage": "ANC",
    "Pacific/Honolulu": "HNL",
    "America/Puerto_Rico": "BQN PSE SJU STT",
}
DESTINATION_ZONES = {airport: zone for zone, airports in _DESTINATIONS.items() for airport in airports.split()}
