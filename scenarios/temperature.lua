-- Temperature and humidity telemetry from a sensor at home to a broker in the cloud, watched by a dashboard.
-- Nobody subscribes to alerts/fire: where does that message go?
--
-- Things to notice: every message takes at least the way's 50 ms and a bit; a lost packet makes one message late and
-- none disappear. Things to try: --set loss=20%, --set qos=1, and `wirelab journey temperature --nth 5`.

duration("10min")
local loss = param("loss", 0.02, { min = 0, max = 1, help = "packets lost on the home link" })
local qos = param("qos", 0, { choices = { 0, 1, 2 }, help = "quality of service of the telemetry" })
local period = param("period", 3, { min = 0.1, unit = "s", help = "time between readings" })

local readings = metric("readings", { unit = "messages", help = "telemetry messages that the dashboard got" })
local alerts = metric("alerts", { unit = "messages", help = "alerts that anybody got" })

local home = router("home")
local cloud = router("cloud")
local hub = broker("hub")
link(home, cloud, { delay = "24ms", rate = "10Mbit/s", loss = loss })
link(cloud, hub, { delay = "1ms", rate = "1Gbit/s" })

device("dashboard", { on = cloud, link = { delay = "25ms", rate = "50Mbit/s" } }, function(self)
  local client = self:mqtt({ client_id = "dashboard" })
  client.on_connect = function()
    client:subscribe("sensors/temperature")
    client:subscribe("sensors/humidity")
  end
  client.on_message = function(topic, payload)
    if topic == "alerts/fire" then alerts:add() end
    readings:add()
  end
  client:connect(hub)
  client:loop_forever()
end)

device("sensor-001", { on = home }, function(self)
  local client = self:mqtt({ client_id = "sensor-001", keepalive = 30 })
  sleep("1s")
  client:connect(hub)
  log("connected")
  client:publish("alerts/fire", json.encode({ fire = false }))
  while true do
    client:publish("sensors/temperature", json.encode({ temperature = self:read("temperature") }), { qos = qos })
    client:publish("sensors/humidity", json.encode({ humidity = self:read("humidity") }), { qos = qos })
    sleep(period)
  end
end)

at("9min 59s", function()
  expect(stat("discarded") == 1, "the one alert was discarded, since nobody had subscribed to it")
  expect(alerts:get() == 0, "nobody got the alert")
  expect(stat("delivered") >= stat("published") - 10, "telemetry is delivered, though some packets were lost")
end)
