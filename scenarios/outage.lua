-- A cable that is cut for 5 s and for 120 s, while three publishers, one for each QoS, send a message a second. What is missing
-- afterwards, and why?
--
-- The sessions persist. After the short cut nothing is missing: the connections live, and TCP sends again. In the long one the keep
-- alive ends them: QoS 0 loses what was sent meanwhile, QoS 1 and 2 send it after the reconnection.
-- Things to try: `wirelab journey outage --topic qos/0 --nth 120`.

duration("10min")
local short = param("short", 5, { min = 0, max = 30, unit = "s", help = "length of the first cut, at 60 s" })
local long = param("long", 120, { min = 0, max = 240, unit = "s", help = "length of the second cut, at 120 s" })
local count = 300

local home = router("home")
local hub = broker("hub")
local cable = link(home, hub, { delay = "25ms", rate = "1Mbit/s" })

local got = {}
for qos = 0, 2 do
  got[qos] = metric("got_qos" .. qos, { unit = "messages", help = "different messages of QoS " .. qos .. " that the listener got" })
end
local seen = {}

device("listener", { on = hub }, function(self)
  local client = self:mqtt({ clean_session = false })
  client.on_connect = function() client:subscribe("qos/+", { qos = 2 }) end
  client.on_message = function(topic, payload, message)
    local key = topic .. payload
    if not seen[key] then
      seen[key] = true
      got[math.tointeger(tonumber(topic:sub(5)))]:add()
    end
  end
  client:connect(hub)
  client:loop_forever()
end)

for qos = 0, 2 do
  device("publisher" .. qos, { on = home }, function(self)
    local client = self:mqtt({ keepalive = 20, clean_session = false })
    client.on_disconnect = function() log("the connection is gone") end
    client.on_connect = function(session_present) log("connected", session_present and "to its old session" or "") end
    sleep("1s")
    client:connect(hub)
    for i = 1, count do
      client:publish("qos/" .. qos, "message " .. i, { qos = qos })
      sleep("1s")
    end
  end)
end

at("60s", function() cable:cut() end)
at(60 + short, function() cable:restore() end)
local before = {}
at("119s", function()
  for qos = 0, 2 do
    before[qos] = got[qos]:get()
    expect(before[qos] >= 117, "a cut of " .. short .. " s costs nothing at QoS " .. qos)
  end
end)
at("120s", function() cable:cut() end)
at(120 + long, function() cable:restore() end)
at("9min 59s", function()
  expect(got[1]:get() == count, "QoS 1 lost nothing in the long cut")
  expect(got[2]:get() == count, "QoS 2 lost nothing in the long cut")
  if long >= 60 then expect(got[0]:get() < count, "QoS 0 lost what was sent into the dead connection") end
  expect(got[0]:get() + stat("lost") + stat("refused") == count, "every loss has a name")
end)
