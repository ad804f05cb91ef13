-- A sensor, a dashboard, a phone, and the broker between them.
duration("60s")

local hub = broker("hub")
local home = router("home")
link(home, hub, { delay = "20ms", jitter = "5ms", rate = "10Mbit/s" })

device("dashboard", { on = home }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  client:subscribe("sensors/temperature")
  client:subscribe("sensors/humidity")
end)

device("sensor", { on = home }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  sleep(5)
  client:publish("sensors/temperature", "22.5")
  sleep(1)
  client:publish("sensors/humidity", "45.2")
  sleep(1)
  client:publish("alerts/fire", "true")
end)

-- The phone wants to know of fires, but asks late.
device("phone", { on = home }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  sleep(37)
  client:subscribe("alerts/fire")
end)

device("fire-station", { on = home }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  client:subscribe("alerts/fire")
end)
