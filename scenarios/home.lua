-- A home from the first second: two devices ask the router for an address, then a name server for their broker's, then the broker.
-- The router restarts and is away for a quarter of an hour: what have the devices lost, and when do they notice?
--
-- They keep their addresses, since a lease outlives a short absence: they ask for it again from half of its time on. Their connections
-- they lose by keep alive, a minute or two after the router went; when it is back they connect anew, by name.
-- Things to try: `--set away=40` (longer than the lease), `--pcap home.pcapng` and Wireshark's filter "dhcp || dns".

duration("2h")
local away = param("away", 15, { min = 0, max = 60, unit = "min", help = "how long the router has no power" })
local lost_address = metric("lost_addresses", { unit = "times", help = "how often a device was without an address again" })
local reconnected = metric("reconnections", { unit = "connections", help = "connections after the first" })

local internet = router("internet")
local hub = broker("hub", { address = "203.0.113.10" })
link(hub, internet, { delay = "10ms" })
dns("name-server", { on = internet, names = { ["broker.example"] = hub } })
local home = nat("home", { on = internet, link = { preset = "dsl" }, lease = "30min" })

for i, name in ipairs({ "thermometer", "door" }) do
  device(name, { on = home, address = "dhcp" }, function(self)
    log("my address is", self:wait_address())
    local client = self:mqtt({ keepalive = 60 })
    local first = true
    client.on_connect = function()
      if not first then reconnected:add() end
      first = false
    end
    client.on_disconnect = function() log("the connection is gone") end
    client:connect("broker.example")
    local had = true
    while true do
      client:publish("home/" .. name, tostring(i), { qos = 1 })
      sleep("30s")
      local has = self:address() ~= nil
      if had and not has then
        lost_address:add()
        log("no address any more")
      end
      had = has
    end
  end)
end

at("20min", function() home:power_off() end)
at(20 * 60 + away * 60, function() home:restart() end)

at("2h", function()
  if away == 15 then expect(lost_address:get() == 0, "a lease outlives a router that is away for a while") end
  if away >= 31 then expect(lost_address:get() == 2, "a lease that nobody renews ends") end
  expect(stat("delivered") == 0 and stat("discarded") > 200, "messages arrive again")
end)
