-- A factory's topic tree, sensors/<FLOOR>/temperature/<HVAC_UNIT_ID>, and four filters on it. Each listener has one filter; how
-- many of the twelve messages does each get?

duration("1min")

local plant = router("plant")
local hub = broker("hub")
link(plant, hub, { delay = "5ms", rate = "100Mbit/s" })

local filters = {
  { name = "floor3", filter = "sensors/floor3/temperature/+", expected = 3 },
  { name = "temperatures", filter = "sensors/+/temperature/+", expected = 8 },
  { name = "everything", filter = "sensors/#", expected = 10 },
  { name = "floor10", filter = "sensors/floor10/#", expected = 4 },
}

local topics = {
  "sensors/floor3/temperature/AC1",
  "sensors/floor3/temperature/AC2",
  "sensors/floor3/temperature/heater",
  "sensors/floor4/temperature/heater",
  "sensors/floor4/temperature/AC1",
  "sensors/floor10/temperature/boiler",
  "sensors/floor10/temperature/AC1",
  "sensors/floor10/temperature/AC2",
  "sensors/floor10/humidity/AC1",  -- of this floor, but no temperature
  "sensors",                       -- "sensors/#" selects the level above the # too
  "/sensors/floor3/temperature/AC1",  -- a leading slash makes another topic: its first level is empty
  "sensor/floor3/temperature/AC1",    -- misspelt: nobody hears it
}

local counts = {}
for i, entry in ipairs(filters) do
  counts[i] = metric("got_" .. entry.name, { unit = "messages", help = "messages that " .. entry.filter .. " selected" })
  device(entry.name, { on = plant }, function(self)
    local client = self:mqtt()
    client.on_connect = function() client:subscribe(entry.filter) end
    client.on_message = function(topic)
      counts[i]:add()
      log(entry.filter, "selects", topic)
    end
    client:connect(hub)
    client:loop_forever()
  end)
end

device("factory", { on = plant }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  sleep("1s")
  for _, topic in ipairs(topics) do
    client:publish(topic, "21.5")
    sleep("1s")
  end
end)

at("59s", function()
  for i, entry in ipairs(filters) do
    expect(counts[i]:get() == entry.expected, entry.filter .. " selects " .. entry.expected .. " messages, not " .. counts[i]:get())
  end
  expect(stat("discarded") == 2, "two messages went to nobody")
end)
