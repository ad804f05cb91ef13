-- A toaster, a REST cloud, a broker; a dashboard that asks and one that is told.
local PERIOD = 10 -- s, from one question to the next
duration("20min")

local web = cloud("cloud")
local hub = broker("hub")
local internet = router("internet")
link(internet, web, { delay = "15ms" })
link(internet, hub, { delay = "15ms" })
local LATEST = "http://cloud/api/v1/data/latest?device_id=toaster"

-- What the dashboard does that asks. saw(state) shows a state, the text of its JSON.
local function learn(self, saw)
  local client = self:mqtt({ keepalive = 60 })
  client.on_connect = function() client:subscribe("kitchen/toaster", { qos = 1 }) end
  client.on_message = function(_, state) saw(state) end
  client:connect(hub)
end

-- ---- The rest stays as it is.

local changes = {}
device("toaster", { on = internet }, function(self)
  local http, client = self:http(), self:mqtt()
  client:connect(hub)
  http:post("http://cloud/api/v1/devices", json.encode({ device_id = "toaster", type = "state" }))
  sleep(20)
  while true do
    changes[#changes + 1] = now()
    local state = json.encode({ number = #changes })
    client:publish("kitchen/toaster", state, { qos = 1, retain = true })
    http:post("http://cloud/api/v1/data", '{"device_id":"toaster","readings":' .. state .. "}")
    sleep(20 + 40 * math.random())
  end
end)

local function board(name)
  local results = {
    delay = metric(name .. "_delay", { unit = "s", help = "from a change to its showing, mean" }),
    longest = metric(name .. "_longest", { unit = "s", help = "the longest of them" }),
    seen = metric(name .. "_seen", { unit = "changes", help = "that it has shown" }),
    shown = metric(name .. "_shown", { unit = "states", help = "that it has shown, new or not" }),
    newest = 0, sum = 0,
  }
  return results, function(state)
    results.shown:add(1)
    local number = json.decode(state).number
    if not changes[number] or number <= results.newest then return end
    results.newest = number
    local delay = now() - changes[number]
    results.sum = results.sum + delay
    results.seen:add(1)
    results.delay:set(results.sum / results.seen:get())
    results.longest:set(math.max(results.longest:get(), delay))
  end
end

local total = metric("changes", { unit = "changes", help = "of the toaster" })
local line_of = {}
for _, name in ipairs({ "asking", "told" }) do
  local _, saw = board(name)
  local node = device(name, { on = internet, link = { delay = "20ms", rate = "1Mbit/s" } }, function(self)
    sleep(10 * math.random())
    if name == "asking" then
      learn(self, saw)
    else
      local client = self:mqtt({ keepalive = 60 })
      client.on_connect = function() client:subscribe("kitchen/toaster", { qos = 1 }) end
      client.on_message = function(_, state) saw(state) end
      client:connect(hub)
    end
  end)
  line_of[name] = { traffic = traffic(node), bytes = metric(name .. "_bytes", { unit = "bytes/min", help = "of IP packets on its line, both ways" }) }
end
at("20min", function()
  total:set(#changes)
  for _, line in pairs(line_of) do line.bytes:set(line.traffic.bytes / 20) end
end)
