"""Reports: documents an auditor takes away, every field with its status and evidence.

A report is data first (canonical JSON, RFC 8785), then one HTML file rendered from it.
No sentence about the subject stands in a template: what is printed was recorded, was
stated by a named person, or says "Not recorded in the ledger" and which event would
fill the place.
"""
