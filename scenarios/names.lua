-- A device knows its broker by name only. The name server fails for a while, and then loses its power: what stops, and what goes on?
--
-- A connection that is open needs no names. A new one does, unless the answer is still kept: here for a minute. A server that answers
-- with failure is noticed at once, one that is silent after ten seconds, and a name that does not exist is an answer like any other.
-- Things to try: `--pcap names.pcapng` and Wireshark's filter "dns", and `--set ttl=3600`.

duration("10min")
local ttl = param("ttl", 60, { min = 0, max = 86400, unit = "s", help = "how long the device may keep the address" })
local connected = metric("connected", { unit = "connections", help = "how often the device reached its broker" })
local failed = metric("failed", { unit = "attempts", help = "how often it did not" })

local internet = router("internet")
local hub = broker("hub")
link(hub, internet, { delay = "10ms" })
local server = dns("name-server", {
  on = internet, link = { delay = "15ms" }, names = { ["test.mosquitto.org"] = { node = hub, ttl = ttl } },
})

device("sensor", { on = internet, link = { delay = "20ms" } }, function(self)
  log("a misspelt name:", self:resolve("test.mosquito.org"))
  log("the right one:", self:resolve("test.mosquitto.org"))
  local client = self:mqtt({ reconnect = false, connect_timeout = "20s" })
  while true do
    local began = now()
    local ok, reason = client:connect("test.mosquitto.org")
    if ok then
      connected:add()
      client:publish("sensors/level", "42")
      sleep("1s")
      client:disconnect()
    else
      failed:add()
      log(string.format("no connection after %.1f s:", now() - began), reason)
    end
    sleep("20s")
  end
end)

at("2min", function() server:fail_names() end)
at("4min", function() server:fail_names(false) end)
at("6min", function() server:power_off() end)
at("8min", function() server:restart() end)

at("10min", function()
  expect(connected:get() > 0, "the broker is reached by its name")
  if ttl == 60 then expect(failed:get() > 0, "without an answer there is no connection") end
  if ttl >= 3600 then expect(failed:get() == 0, "an answer that is kept needs no server") end
end)
