"""Where the brakes of `policies` meet a run: facts counted, runs held, approvals kept."""
