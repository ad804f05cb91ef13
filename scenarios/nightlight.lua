-- The internet-controlled nightlight. The device sends its light level; a server decides and answers with a command; the LED
-- follows: how soon after it has got dark is it on, and what if the server cannot be reached? Things to try: watch `wirelab run
-- nightlight`, then cut the cable in the dark.

duration("12min")
local threshold = param("threshold", 300, { min = 0, max = 1023, help = "below this light level the LED is on" })

local commands = metric("commands", { unit = "messages", help = "commands that the nightlight got" })
local switched = metric("switched", { unit = "times", help = "times the LED changed" })

local home = router("home")
local hub = broker("test.mosquitto.org")
link(home, hub, { delay = "30ms", rate = "20Mbit/s", loss = "1%" })

local id = "4b1d"  -- on a public broker everybody shares the topics: a name of one's own comes first

local nightlight = device("nightlight", {
  on = home,
  sensors = { light = { base = 400, swing = 300, period = "4min", noise = 5, step = 1, low = 0, high = 1023 } },
}, function(self)
  local client = self:mqtt({ client_id = id .. "nightlight_client" })
  local lit = false
  client.on_connect = function() client:subscribe(id .. "/commands") end
  client.on_message = function(topic, payload)
    local command = json.decode(payload)
    commands:add()
    if command and command.led_on ~= lit then
      lit = command.led_on
      self:set("led", lit)
      switched:add()
      log("LED", lit and "on" or "off")
    end
  end
  client:connect(hub)
  while true do
    client:publish(id .. "/telemetry", json.encode({ light = self:read("light") }))
    sleep("5s")
  end
end)

device("server", { on = home }, function(self)
  local client = self:mqtt({ client_id = id .. "nightlight_server" })
  client.on_connect = function() client:subscribe(id .. "/telemetry") end
  client.on_message = function(topic, payload)
    local telemetry = json.decode(payload)
    if not telemetry then return end
    client:publish(id .. "/commands", json.encode({ led_on = telemetry.light < threshold }))
  end
  client:connect(hub)
  client:loop_forever()
end)

-- A hand over the sensor for half a minute in full light.
at("5min", function() nightlight:set_sensor("light", 100) end)
at("5min 30s", function() nightlight:set_sensor("light", 650) end)

at("11min 59s", function()
  expect(switched:get() >= 4, "the LED has followed the light")
  expect(commands:get() >= 130, "almost every reading was answered")
end)
