-- feedback: The QoS was raised
-- A hundred messages at QoS 0 over a link that loses packets.
local LOSS = 0.2    -- of all packets, both ways
local ASK_AFTER = 200 -- s after the last message was published: when the verdict is asked for
duration("5min")

local hub = broker("hub")
local home = router("home")
local cable = link(home, hub, { delay = "25ms", rate = "1Mbit/s", loss = LOSS })

-- How many packets the cable was given to carry.
local crossing = traffic(cable)
local crossed = metric("crossed", { unit = "packets", help = "that the cable was given" })
at("5min", function() crossed:set(crossing.packets) end)

local published, arrived = 0, 0
device("dashboard", { on = hub }, function(self)
  local client = self:mqtt({ keepalive = 0 })
  client.on_connect = function() client:subscribe("readings", { qos = 0 }) end
  client.on_message = function() arrived = arrived + 1 end
  client:connect(hub)
end)

local function verdict()
  return arrived < published and "lost" or "all there"
end

device("sensor", { on = home }, function(self)
  local client = self:mqtt({ keepalive = 0, connect_timeout = "2min" })
  client:connect(hub)
  sleep(1)
  for i = 1, 100 do
    client:publish("readings", self:read("temperature"), { qos = 1 })
    published = published + 1
    if i < 100 then sleep(0.5) end
  end
  sleep(ASK_AFTER)
  log("verdict: " .. verdict())
end)
