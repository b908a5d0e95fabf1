"""Sub-commands of ``mlledger`` that need the projections."""
