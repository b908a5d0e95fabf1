"""What an auditor sees and takes away: pages, reports, the demo."""
