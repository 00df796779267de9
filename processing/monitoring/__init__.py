"""The four monitors of a served variant: pure parts; `processing.monitor` is the job."""
