"""The pages and their order; nothing else happens here."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="mlledger", page_icon="📒", layout="wide")
st.navigation(
    [
        st.Page("views/decision.py", title="Decision", default=True),
        st.Page("views/register.py", title="Findings", url_path="findings"),
        st.Page("views/questions.py", title="Questions", url_path="questions"),
        st.Page("views/integrity.py", title="Integrity", url_path="integrity"),
    ],
    position="top",
).run()
