-- What does MQTT 5.0 add? In one house: sessions that expire, a will that waits, requests and answers, messages that grow too old,
-- and work that is shared.
--
-- A sensor reports over a link that fails for 20 s: its session outlives that, its will waits for 30 s and is never sent. A second
-- sensor loses its power for good: its will is sent 30 s after the connection has ended. Readings expire after 10 s at the broker:
-- who was away longer does not get old ones. (What waits in a sensor does not age: the interval counts from the broker on. So the
-- shaky sensor's readings come late, and come.) Two workers share one subscription, so each job is done once. A display asks the
-- thermostat by request and response. A guest may read the public topics only, and is told so.
-- Things to try: `--set expiry=60`; in the front end, select a PUBLISH and read its properties in the packet view.

duration("3min")
local expiry = param("expiry", 10, { min = 1, max = 120, unit = "s", help = "after which a reading is too old" })

local home = router("home")
local hub = broker("hub", {
  max_topic_alias = 20,
  users = { ann = "secret" },
  acl = { "topic read public/#", "user ann", "topic readwrite #" },
})
link(home, hub, { delay = "20ms", rate = "1Mbit/s" })
local shed = router("shed")
local cable = link(home, shed)

local readings = metric("readings", { unit = "messages", help = "that the logger has got" })
local oldest = metric("oldest", { unit = "s", help = "age of the doomed sensor's oldest" })
local late = metric("late", { unit = "s", help = "age of the shaky sensor's oldest" })
local wills = metric("gone", { unit = "messages", help = "last wills that the logger has got" })
local jobs = {
  metric("jobs_a", { unit = "jobs", help = "done by worker a" }),
  metric("jobs_b", { unit = "jobs", help = "done by worker b" }),
}
local answers = metric("answers", { unit = "messages", help = "that the display has got to its questions" })
local refused = metric("forbidden", { unit = "times", help = "that the guest was told no" })

local function client_of(self, options)
  options.version = "5.0"
  options.username = options.username or "ann"
  options.password = options.password or "secret"
  return self:mqtt(options)
end

local function sensor(name, place)
  return device(name, { on = place }, function(self)
    local client = client_of(self, {
      keepalive = 5,
      clean_session = false,
      session_expiry = "10min",
      reconnect_max = "2s",
      will = { topic = "status/" .. name, payload = "gone", delay = 30, expiry = 600 },
    })
    client:connect(hub)
    while true do
      client:publish("readings/" .. name .. "/temperature", string.format("%.3f", now()),
        { qos = 1, expiry = expiry, content_type = "text/plain", user = { { "unit", "s" }, { "sensor", name } } })
      sleep("2s")
    end
  end)
end
sensor("shaky", shed)
local doomed = sensor("doomed", home)

device("logger", { on = hub }, function(self)
  local client = client_of(self, { clean_session = false, session_expiry = "never", receive_maximum = 5 })
  client.on_connect = function(present)
    if present then return end
    client:subscribe("readings/#", { qos = 1, identifier = 1 })
    client:subscribe("status/+", { qos = 1, identifier = 2 })
  end
  client.on_message = function(topic, payload, message)
    if message.identifiers[1] == 2 then
      wills:add(1)
      log(topic:sub(8) .. " is " .. payload)
      return
    end
    expect(message.user[1][2] == "s" and message.content_type == "text/plain", "properties come along")
    readings:add(1)
    local age = now() - tonumber(payload)
    local of = message.user[2][2] == "shaky" and late or oldest
    of:set(math.max(of:get(), age))
  end
  client:connect(hub)
  sleep("60s")
  client:disconnect()
  sleep("20s") -- readings wait for it, and expire
  client:connect(hub)
  client:loop_forever()
end)

for i, name in ipairs({ "a", "b" }) do
  device("worker_" .. name, { on = hub }, function(self)
    local client = client_of(self, { topic_alias_maximum = 10 })
    client.on_connect = function() client:subscribe("$share/workers/jobs", { qos = 2 }) end
    client.on_message = function() jobs[i]:add(1) end
    client:connect(hub)
    client:loop_forever()
  end)
end
device("boss", { on = home }, function(self)
  local client = client_of(self, {})
  client:connect(hub)
  for _ = 1, 40 do
    sleep("2s")
    client:publish("jobs", "do it", { qos = 2 })
  end
end)

device("thermostat", { on = hub }, function(self)
  local client = client_of(self, {})
  client.on_connect = function() client:subscribe("ask/thermostat") end
  client.on_message = function(_, payload, message)
    client:publish(message.response_topic, payload .. ": 21 degrees", { correlation = message.correlation })
  end
  client:connect(hub)
  client:loop_forever()
end)
device("display", { on = home }, function(self)
  local client = client_of(self, {})
  client.on_connect = function() client:subscribe("answers/display", { no_local = true }) end
  client.on_message = function(_, payload, message)
    answers:add(1)
    expect(payload == message.correlation .. ": 21 degrees", "each answer names its question")
  end
  client:connect(hub)
  for i = 1, 10 do
    sleep("5s")
    client:publish("ask/thermostat", "q" .. i, { response_topic = "answers/display", correlation = "q" .. i })
  end
end)

device("guest", { on = home }, function(self)
  local wrong = client_of(self, { password = "wrong" })
  local connected, reason = wrong:connect(hub)
  expect(not connected and reason == "Bad User Name or Password", "a wrong password is named")
  wrong:disconnect()
  local client = self:mqtt({ version = "5.0", client_id = "a guest" })
  client.on_subscribe = function(codes)
    if codes[1] == 0x87 then refused:add(1) end
    log("the guest's subscription: " .. string.format("0x%02x", codes[1]))
  end
  client:connect(hub)
  client:subscribe("readings/#")
  sleep("1s")
  client:subscribe("public/#")
  sleep("1s")
end)

at("30s", function() cable:cut() end)
at("50s", function() cable:restore() end)
at("100s", function() doomed:power_off() end)
at("179s", function()
  expect(wills:get() == 1, "one will: that of the sensor without power")
  expect(oldest:get() < expiry + 1, "what has expired at the broker is not delivered")
  expect(late:get() > 20, "what has waited in a sensor is")
  expect(jobs[1]:get() + jobs[2]:get() == 40, "each job is done once")
  expect(math.abs(jobs[1]:get() - jobs[2]:get()) <= 2, "the workers share the jobs")
  expect(answers:get() == 10, "every question has its answer")
  expect(refused:get() == 1, "the guest was refused what is not public")
end)
