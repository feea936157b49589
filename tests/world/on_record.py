"""What is on record of every entry that a test takes over: both assessments and the approval.

Long ago, for some hubs of the tests are years old.
"""

from hub.catalogue.entry import Assessment, OnRecord

ON_RECORD = OnRecord(
    secrecy=Assessment(result="passed", reference="保密评〔2020〕1号", day="2020-03-02"),
    privacy=Assessment(result="passed", reference="个保评〔2020〕1号", day="2020-03-02"),
    approval="数共批〔2020〕1号",
)
