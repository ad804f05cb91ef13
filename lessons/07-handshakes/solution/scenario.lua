-- A meter, a counter, and a line that is cut at the worst instants.
local QOS = 2
local CLEAN_SESSION = false
duration("12min")

local hub = broker("hub")
local home = router("home")
local line = link(home, hub, { delay = "50ms", jitter = "4ms", rate = "1Mbit/s" })

local counted = metric("counted", { unit = "pulses", help = "that the utility has counted" })
device("counter", { on = hub }, function(self)
  local client = self:mqtt({ clean_session = false })
  client.on_connect = function(session_present)
    if not session_present then client:subscribe("pulse/+", { qos = 2 }) end
  end
  client.on_message = function(topic)
    counted:add(1)
    log("counts " .. topic)
  end
  client:connect(hub)
end)

device("meter", { on = home }, function(self)
  local client = self:mqtt({ clean_session = CLEAN_SESSION, keepalive = 10 })
  client:connect(hub)
  for pulse = 1, 6 do
    sleep(100 * pulse - now())
    client:publish("pulse/" .. pulse, "1", { qos = QOS })
  end
end)

-- Pulse 2: its PUBLISH is on the way. Pulse 4: its answer is.
at(200.02, function() line:cut() end)
at(260, function() line:restore() end)
at(400.07, function() line:cut() end)
at(460, function() line:restore() end)
