"""Execute state machines of AWS Step Functions. A simulation: see docs/adr/0011-state-machines.md.

A definition (`definition`) is read once. An execution (`execution`) is a thread that walks through its states
(`flow`, `states/`), shapes their data (`payloads`, `paths`, `intrinsics`), calls services as the machine's role
(`tasks/`) and writes its history (`history`) and position down, so that it goes on after a restart.
"""
