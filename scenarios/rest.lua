-- How old is what a dashboard knows when it asks every ten seconds, and what does a long poll change?
--
-- A sensor posts a reading to a REST cloud every 10 to 30 s. One dashboard asks for the latest reading every 10 s; many answers say
-- that there is nothing new. The other one asks once, and its answer waits until there is something new. What the second gains in
-- time it pays with a request that is always open.
duration("10min")

local web = cloud("cloud", { profile = "nginx", service_time = "5ms" })
local home = router("home")
local office = router("office")
link(home, web, { delay = "20ms", jitter = "4ms", rate = "10Mbit/s" })
link(office, web, { delay = "15ms", jitter = "3ms", rate = "50Mbit/s" })

local POST, LATEST = "http://cloud/api/v1/data", "http://cloud/api/v1/data/latest?device_id=sensor-001"
local posted = metric("posted", { unit = "readings", help = "readings that the cloud has stored" })
local empty = metric("empty_polls", { unit = "requests", help = "that found nothing new, of the dashboard that polls" })
local seen = {}
for _, name in ipairs({ "polled", "long_polled" }) do
  seen[name] = {
    count = metric(name, { unit = "readings", help = "that this dashboard has seen" }),
    delay = metric(name .. "_delay", { unit = "s", help = "from measuring to seeing, mean" }),
    longest = metric(name .. "_delay_max", { unit = "s", help = "from measuring to seeing, longest" }),
    sum = 0,
  }
end

local function saw(name, body)
  local dashboard = seen[name]
  local delay = now() - json.decode(body).at
  dashboard.sum = dashboard.sum + delay
  dashboard.count:add(1)
  dashboard.delay:set(dashboard.sum / dashboard.count:get())
  if delay > dashboard.longest:get() then dashboard.longest:set(delay) end
end

device("sensor-001", { on = home }, function(self)
  local http = self:http()
  local answer = http:post("http://cloud/api/v1/devices", json.encode({ device_id = self.name, type = "temperature" }))
  log("registered: " .. answer.status)
  while true do
    local reading = { temp = self:read("temperature"), at = now() }
    local stored = http:post(POST, json.encode({ device_id = self.name, readings = reading }))
    if stored and stored.status == 201 then posted:add(1) end
    sleep(10 + math.random(20))
  end
end)

device("polling", { on = office }, function(self)
  local http = self:http()
  local tag
  while true do
    local answer = http:get(LATEST, { headers = { ["If-None-Match"] = tag } })
    if answer and answer.status == 200 then
      tag = answer.headers.etag
      saw("polled", answer.body)
    else
      empty:add(1)
    end
    sleep("10s")
  end
end)

device("long-polling", { on = office }, function(self)
  local http = self:http({ timeout = "2min" })
  local tag
  while true do
    local answer = http:get(LATEST, { headers = { ["If-None-Match"] = tag, Prefer = "wait=50" } })
    if answer and answer.status == 200 then
      tag = answer.headers.etag
      saw("long_polled", answer.body)
    elseif not answer or answer.status == 404 then
      sleep("1s")
    end
  end
end)
