"""Keeps the newest version of every row: python docs/examples/consumer.py localhost:9092 masked.ratings"""

import json
import sys

from confluent_kafka import Consumer

broker, topic = sys.argv[1:]
settings = {"bootstrap.servers": broker, "group.id": "newest-rows", "auto.offset.reset": "earliest"}
consumer = Consumer(settings | {"enable.auto.commit": False})  # nothing is kept here, so every start reads all of it
consumer.subscribe([topic])
newest = {}  # deleted rows too: without them, an older event that comes late would bring a row back
while True:
    message = consumer.poll(1.0)
    if message is None or message.error() or message.value() is None:  # no value: a tombstone, after its delete
        continue
    event = json.loads(message.value())
    held = newest.get(message.key())
    if held is None or int(event["_version"]) > int(held["_version"]):
        newest[message.key()] = event
        print("gone" if event["_deleted"] else "is", json.dumps(event), flush=True)
