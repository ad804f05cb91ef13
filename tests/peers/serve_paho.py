# paho in Python against serve: serve_paho.py MQTT_PORT WEBSOCKET_PORT
import sys
import threading
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions


def run(version, transport, port):
    got, done, subscribed = [], threading.Event(), threading.Event()
    client = mqtt.Client(client_id="paho", protocol=version, transport=transport)
    client.username_pw_set("ann", "secret")
    client.will_set("will", "gone")
    client.on_subscribe = lambda *_: subscribed.set()

    def on_message(_client, _data, message):
        got.append((message.payload, message))
        if len(got) == 6:
            done.set()

    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        if version == mqtt.MQTTv5:
            properties = Properties(PacketTypes.SUBSCRIBE)
            properties.SubscriptionIdentifier = 11
            client.subscribe([("paho/#", SubscribeOptions(qos=2))], properties=properties)
        else:
            client.subscribe("paho/#", 2)
        assert subscribed.wait(10), "no SUBACK"
        for qos in (0, 1, 2):
            for size in (10, 70000):
                properties = None
                if version == mqtt.MQTTv5:
                    properties = Properties(PacketTypes.PUBLISH)
                    properties.UserProperty = [("a", "1"), ("b", "2")]
                    properties.MessageExpiryInterval = 100
                info = client.publish("paho/%d" % qos, b"x" * size, qos, properties=properties)
                info.wait_for_publish(10)
        assert done.wait(10), "%d of 6 messages came" % len(got)
        assert sorted(len(payload) for payload, _ in got) == [10, 10, 10, 70000, 70000, 70000]
        if version == mqtt.MQTTv5:
            for _, message in got:
                assert message.properties.UserProperty == [("a", "1"), ("b", "2")]
                assert message.properties.SubscriptionIdentifier == [11]
                assert message.properties.MessageExpiryInterval <= 100
    finally:
        client.disconnect()
        client.loop_stop()


for version in (mqtt.MQTTv31, mqtt.MQTTv311, mqtt.MQTTv5):
    run(version, "tcp", int(sys.argv[1]))
    run(version, "websockets", int(sys.argv[2]))
