-- Keep alive: how soon is a dead client noticed, and what does the radio pay for that?
--
-- A device on LTE-M is connected and says nothing; after half an hour its battery is taken out. The broker notices after one and a half
-- keep alives without a word, and sends the last will. Each PINGREQ wakes the radio for its tail. Swept:
--
--   wirelab sweep experiments/keepalive --set keepalive=5s,15s,30s,60s,120s,300s,600s --seeds 30 --out keepalive
--   wirelab plot keepalive --x keepalive --y noticed_after --log xy --out keepalive_noticed.svg
--   wirelab plot keepalive --x keepalive --y power --log x --out keepalive_power.svg
duration("60min")
local keepalive = param("keepalive", 60, { min = 4, max = 1000, unit = "s" })

local tower, hub = router("tower"), broker("hub")
link(tower, hub, { delay = "10ms" })
local noticed = metric("noticed_after", { unit = "s", help = "from the device's end to the last will at the dashboard" })
local power = metric("power", { unit = "mW", help = "of the device's radio while it lived, mean" })
local pings = metric("packets_an_hour", { unit = "packets", help = "of the device, both ways, while it lived" })
local died

device("dashboard", { on = hub }, function(self)
  local client = self:mqtt()
  client.on_connect = function() client:subscribe("presence/#") end
  client.on_message = function(_, payload)
    if payload == "dead" and died then noticed:set(now() - died) end
  end
  client:connect(hub)
end)

local energy
local meter = device("meter", { on = tower, radio = "lte-m", link = { preset = "lte-m" } }, function(self)
  energy = function() return self:energy() end
  local client = self:mqtt({ keepalive = keepalive, will = { topic = "presence/meter", payload = "dead", qos = 1 } })
  sleep(math.random() * keepalive)
  client:connect(hub)
end)
local seen = traffic(meter)
at(1800, function()
  died = now()
  power:set(energy() / died)
  pings:set(seen.packets / died * 3600)
  meter:power_off()
end)
