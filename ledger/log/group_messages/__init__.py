"""Kafka's messages that describe groups of the newer protocols, for kafka-python.

``ConsumerGroupDescribe`` is of KIP-848, ``ShareGroupDescribe`` and
``DescribeShareGroupOffsets`` are of KIP-932. Names, types and numbers are those of the
message definitions in Apache Kafka 4.3; the files here leave their comments out.
"""
