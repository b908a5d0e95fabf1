"""The pages: each asks its questions and draws one answer."""
