-- What does a real MQTT client see in a simulated world? Three simulated sensors, a broker, and a device without a program: with
-- `wirelab serve --scenario classroom` that is whoever connects to port 1883 of this machine, with paho, mosquitto_sub or any other.
--
-- The laptop is on a link with 80 ms and some loss, which fails for ten seconds in every minute; its bytes cross that link both ways.
-- A real `mosquitto_sub -t 'room/#' -v` shows the sensors' readings; `mosquitto_pub -t room/light -m on` switches the lamp, as the
-- simulated switch does every 30 s. Run as an ordinary scenario the laptop stays silent.
-- Things to try: `--set loss=10%`, a keep alive of 5 s through the outage, two clients at QoS 0 and 1 side by side.

duration("2min")
local loss = param("loss", 0.02, { min = 0, max = 0.5, help = "of the laptop's link" })

local hub = broker("hub")
local room = router("room")
link(room, hub, { delay = "5ms" })
local laptop = device("laptop")
local cable = link(laptop, room, { delay = "80ms", rate = "2Mbit/s", loss = loss })

local heard = metric("heard", { unit = "messages", help = "that the lamp was sent" })

for i, quantity in ipairs({ "temperature", "humidity", "light_level" }) do
  local sensor = device("sensor-" .. quantity, function(self)
    local client = self:mqtt({ will = { topic = "room/status/" .. quantity, payload = "gone" } })
    client:connect(hub)
    while true do
      client:publish("room/" .. quantity, string.format("%.1f", 20 + i + math.random()), { retain = true })
      sleep("2s")
    end
  end)
  link(sensor, room)
end

local lamp = device("lamp", function(self)
  local client = self:mqtt()
  client.on_message = function(_, payload)
    heard:add(1)
    log("the lamp is " .. payload)
    self:set("lamp", payload == "on" and 1 or 0)
  end
  client:connect(hub)
  client:subscribe("room/light", { qos = 1 })
  client:loop_forever()
end)
link(lamp, room)

local switch = device("switch", function(self)
  local client = self:mqtt()
  client:connect(hub)
  local on = false
  while true do
    sleep("30s")
    on = not on
    client:publish("room/light", on and "on" or "off", { qos = 1 })
  end
end)
link(switch, room)

-- The link fails for ten seconds in every minute.
cable:profile({ { lasts = "40s" }, { lasts = "10s", cut = true }, { lasts = "10s" } })
