-- A sensor at home behind a router that translates addresses, and forgets a connection that is silent for two minutes. The keep
-- alive is five minutes: who notices, and when?
--
-- The broker sees the router's address and never the sensor's. A command that comes while the binding is forgotten is dropped at
-- the router, and TCP sends it again in vain, until the sensor speaks: then a new binding with the same port takes the connection up again.
-- Things to try: `--set forgotten=another_port`, `reset` or `drop`, `--set keepalive=60`, and `journey nat --topic home/command`.

duration("20min")
local keepalive = param("keepalive", 300, { min = 0, max = 3600, unit = "s", help = "of the sensor" })
local forgotten = param("forgotten", "same_port", {
  choices = { "same_port", "another_port", "reset", "drop" },
  help = "what the router does with what comes from inside without a binding",
})
local got = metric("commands", { unit = "messages", help = "commands that the sensor got" })
local worst = metric("worst_delay", { unit = "s", help = "the longest time from a command to its arrival" })

local internet = router("internet")
local hub = broker("hub", { address = "203.0.113.10" })
link(hub, internet)
local home = nat("home", {
  on = internet, address = "198.51.100.7", link = { preset = "dsl" }, tcp_timeout = "2min", forgotten = forgotten,
})

device("sensor", { on = home }, function(self)
  local client = self:mqtt({ keepalive = keepalive })
  client.on_connect = function() client:subscribe("home/command", { qos = 1 }) end
  client.on_message = function(_, payload)
    got:add()
    worst:set(math.max(worst:get(), now() - tonumber(payload)))
    log("a command, sent " .. string.format("%.1f", now() - tonumber(payload)) .. " s ago")
  end
  client.on_disconnect = function() log("the connection is gone") end
  client:connect(hub)
  client:loop_forever()
end)

-- Somebody on the Internet sends a command every four minutes: longer than the router remembers.
device("phone", { on = internet }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  for _ = 1, 4 do
    sleep("4min")
    client:publish("home/command", tostring(now()), { qos = 1 })
  end
end)

at("20min", function()
  if forgotten == "same_port" then expect(got:get() == 4, "late or not, every command comes") end
  if keepalive > 0 and keepalive < 120 then expect(worst:get() < 1, "a keep alive below the router's time-out keeps the binding") end
end)
