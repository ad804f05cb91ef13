-- What can go wrong with Wi-Fi: a phone is carried from one access point to another, a sensor has the wrong password, one hangs too
-- far away; the access point is restarted, and later sends one away. Who notices what, and after how long?
--
-- The phone goes over to the other access point without losing its connections. The sensor beside the first one is thrown out by
-- its restart, waits a little longer each time, and comes back. The wrong password shows as a handshake that times out, not as
-- "wrong". Things to try: `--set walls=0`, and the front end's TCP graph of the phone while it walks.

duration("10min")
local walls = param("walls", 40, { min = 0, max = 60, unit = "dB", help = "what the walls take from the far sensor's signal" })
local joins = metric("joins", { unit = "times", help = "how often the sensor that manages its own Wi-Fi got connected" })

local internet = router("internet")
local hub = broker("hub", { address = "203.0.113.10" })
link(hub, internet, { delay = "10ms" })
dns("name-server", { on = internet, names = { ["broker.example"] = hub } })
local home = nat("home", { on = internet, link = { preset = "dsl" } })
local network = { ssid = "HomeNetwork", password = "secretpass123" }
local hall = access_point("hall", { on = home, ssid = network.ssid, password = network.password, at = { 0, 0 }, power = 6 })
local attic = access_point("attic", { on = home, ssid = network.ssid, password = network.password, at = { 60, 0 }, power = 6 })

local lost = {}  -- connections, by whose they were
local function publisher(topic)
  return function(self)
    local wifi, client = self:wifi(), self:mqtt({ keepalive = 30 })
    client.on_connect = function() log("online") end
    client.on_disconnect = function()
      lost[topic] = (lost[topic] or 0) + 1
      log("the connection is lost; Wi-Fi: " .. wifi:info().reason)
    end
    client:connect("broker.example")
    for round = 1, math.huge do
      if round == 5 and not wifi:info().connected then log("no Wi-Fi: " .. wifi:info().reason) end
      client:publish(topic, "1", { qos = 1 })
      sleep("5s")
    end
  end
end

local function station(x, y, more)
  local wifi = { ssid = network.ssid, password = network.password, at = { x, y } }
  for key, value in pairs(more or {}) do wifi[key] = value end
  return wifi
end

local phone = device("phone", { wifi = station(2, 0), address = "dhcp" }, publisher("phone"))
local sensor = device("sensor", { wifi = station(5, 0), address = "dhcp" }, publisher("sensor"))
device("far", { wifi = station(-40, 0, { walls = walls }), address = "dhcp" }, publisher("far"))
device("wrong", { wifi = station(3, 3, { password = "a wrong password" }), address = "dhcp" }, publisher("wrong"))

-- The course's WiFiManager: the program itself sees to its connection.
device("managed", { wifi = { at = { 4, 1 } }, address = "dhcp" }, function(self)
  local wifi = self:wifi()
  log(wifi:status())
  local found = wifi:scan()
  log("found", #found, "access points, the strongest with", math.floor(found[1].signal), "dBm")
  log("too short:", wifi:connect(network.ssid, "short"))
  local client = self:mqtt({ keepalive = 30 })
  local begun = false
  while true do
    if not wifi:info().connected then
      local ok, why = wifi:ensure_connected(network.ssid, network.password)
      if ok then
        joins:add()
        log(wifi:status())
        if not begun then client:connect("broker.example") end
        begun = true
      else
        log("no Wi-Fi:", why)
      end
    end
    if begun then client:publish("managed", "1", { qos = 1 }) end
    sleep("5s")
  end
end)

-- A walk from the hall to the attic, a metre and a half a second, and back.
for i = 0, 40 do
  at(60 + i, function() phone:move(2 + 1.45 * i, 0) end)
  at(300 + i, function() phone:move(60 - 1.45 * i, 0) end)
end
at("3min", function() hall:power_off() end)
at("3min 20s", function() hall:restart() end)
at("8min", function() sensor:deauthenticate() end)

at("10min", function()
  expect(not lost.phone, "the phone takes its connection along to the attic and back")
  expect(joins:get() >= 2, "the sensor that manages itself is back after the restart")
  expect(stat("delivered") == 0, "nobody has subscribed")
  expect(stat("published") > 300, "the phone, the sensor and the managed one publish")
end)
