-- Delivery and latency by QoS, against loss and outage.
--
-- A sensor publishes every second for ten minutes over a link that loses packets and is cut once. QoS 0 is lost where the connection
-- is; QoS 1 and 2 wait for the next one, since both sessions stay. Swept:
--
--   wirelab sweep experiments/qos_loss --set qos=0,1,2 --set loss=0,2%,5%,10%,20% --set cut=0,10s,120s --seeds 30 --out qos_loss
--   wirelab plot qos_loss --x loss --y arrived --by qos --where cut=120s --out qos_arrived.svg
--   wirelab plot qos_loss --x loss --y latency_p95 --by qos --where cut=0 --out qos_latency.svg
duration("12min")
local qos = param("qos", 0, { min = 0, max = 2 })
local loss = param("loss", 0.05, { min = 0, max = 0.5, help = "of packets, both ways" })
local cut = param("cut", 120, { min = 0, max = 400, unit = "s", help = "of the cable, from 3 min on" })
local keepalive = param("keepalive", 30, { min = 4, max = 600, unit = "s" })

local home, hub = router("home"), broker("hub")
local cable = link(home, hub, { delay = "25ms", rate = "1Mbit/s", loss = loss })
local arrived = metric("arrived", { unit = "%", help = "of the messages that were published, at the subscriber" })
local again = metric("arrived_again", { unit = "messages", help = "that the subscriber got a second time" })
local published, got, count = 0, {}, 0

device("reader", { on = hub }, function(self)
  local client = self:mqtt({ clean_session = false })
  client.on_connect = function(session_present)
    if not session_present then client:subscribe("sensor", { qos = qos }) end
  end
  client.on_message = function(_, payload)
    if got[payload] then
      again:add(1)
    else
      got[payload] = true
      count = count + 1
    end
    arrived:set(count / published * 100)
  end
  client:connect(hub)
end)

device("sensor", { on = home }, function(self)
  local client = self:mqtt({ clean_session = false, keepalive = keepalive })
  client:connect(hub)
  sleep(1 + math.random())
  while now() < 600 do
    published = published + 1
    client:publish("sensor", published, { qos = qos })
    arrived:set(count / published * 100)
    sleep(1)
  end
end)

at(180, function() if cut > 0 then cable:cut() end end)
at(180 + math.max(cut, 1), function() cable:restore() end)
