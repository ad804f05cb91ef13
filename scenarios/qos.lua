-- A lossy link and all three qualities of service: what does each of them lose? Nothing while the connection lives, since TCP repairs
-- what the link loses; what differs is how many packets a message takes. Look at latency_max: a lost packet makes messages late.
-- Things to try: `wirelab run qos --set loss=0.3`, and count the control packets in the capture.

duration("10min")
local loss = param("loss", 0.1, { min = 0, max = 0.5, help = "packets lost on the home link, each way" })
local count = param("count", 60, { min = 1, max = 1000, unit = "messages", help = "messages at each QoS" })

local home = router("home")
local hub = broker("hub")
link(home, hub, { delay = "25ms", rate = "1Mbit/s", loss = loss })

local got = {}
for qos = 0, 2 do
  got[qos] = metric("got_qos" .. qos, { unit = "messages", help = "messages of QoS " .. qos .. " that the listener got" })
end

device("listener", { on = hub }, function(self)
  local client = self:mqtt({ keepalive = 0 })
  client.on_connect = function() client:subscribe("qos/+", { qos = 2 }) end
  client.on_message = function(topic, payload, message)
    got[message.qos]:add()
  end
  client:connect(hub)
  client:loop_forever()
end)

for qos = 0, 2 do
  device("publisher" .. qos, { on = home }, function(self)
    local client = self:mqtt({ keepalive = 0, connect_timeout = "60s" })
    sleep("1s")
    client:connect(hub)
    for i = 1, count do
      client:publish("qos/" .. qos, "message " .. i, { qos = qos })
      sleep("5s")
    end
  end)
end

at("9min 59s", function()
  for qos = 0, 2 do
    expect(got[qos]:get() == count, "all " .. count .. " messages of QoS " .. qos .. " arrived, not " .. got[qos]:get())
  end
  expect(stat("duplicates") == 0, "and none of them twice")
end)
