"""Questions answered from enclosed entries alone: no database, no driver.

The very functions that fill the tables (``rows``) fill lists here, and each question
that a bundle can answer has a twin in plain Python beside its statement. A bundle's
answer is held against what the twin says; tests hold both against Postgres.
"""
