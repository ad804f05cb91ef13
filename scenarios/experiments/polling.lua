-- How old is what is known, and what does that cost, against how often is asked?
--
-- A state changes every two minutes on average. Who polls a REST cloud learns of it half a period later on average, and pays for every
-- question; who is subscribed to a broker learns of it after the way through the network, and pays for every change and for keep alive.
-- Where the lines cross, asking is cheaper than being told. Swept:
--
--   wirelab sweep experiments/polling --set way=poll,poll_kept,poll_etag,push --set period=1s,3s,10s,30s,100s,300s,1000s --seeds 20 --out polling
--   wirelab plot polling --x period --y delay --by way --log xy --out polling_delay.svg
--   wirelab plot polling --x period --y bytes_a_minute --by way --log xy --out polling_bytes.svg
--   wirelab plot polling --x period --y power --by way --log xy --out polling_power.svg
duration("2h")
local way = param("way", "poll", { choices = { "poll", "poll_kept", "poll_etag", "push" } })
local period = param("period", 10, { min = 0.5, max = 3600, unit = "s", help = "from one question to the next" })
local every = param("every", 120, { min = 1, max = 3600, unit = "s", help = "a change, on average" })
local keepalive = param("keepalive", 600, { min = 4, max = 65535, unit = "s" })

local internet, web, hub = router("internet"), cloud("cloud", { profile = "nginx" }), broker("hub")
link(internet, web, { delay = "10ms" })
link(internet, hub, { delay = "10ms" })
local delay = metric("delay", { unit = "s", help = "from a change to knowing it, mean" })
local missed = metric("missed", { unit = "changes", help = "that were over before they were known" })
local bytes = metric("bytes_a_minute", { unit = "bytes/min", help = "of IP packets, both ways" })
local power = metric("power", { unit = "mW", help = "of the device's radio, mean" })
local changes, newest, seen, sum = {}, 0, 0, 0
local energy

device("toaster", { on = internet }, function(self)
  local http, client = self:http(), self:mqtt()
  client:connect(hub)
  http:post("http://cloud/api/v1/devices", json.encode({ device_id = "toaster" }))
  sleep(5)
  while true do
    changes[#changes + 1] = now()
    local state = json.encode({ number = #changes })
    client:publish("toaster", state, { retain = true, qos = 1 })
    http:post("http://cloud/api/v1/data", '{"device_id":"toaster","readings":' .. state .. "}")
    sleep(math.max(-every * math.log(1 - math.random()), 0.2))
  end
end)

local function saw(body)
  local number = json.decode(body).number
  if number <= newest then return end
  seen, sum = seen + 1, sum + now() - changes[number]
  delay:set(sum / seen)
  missed:add(number - newest - 1)
  newest = number
end

local reader = device("reader", { on = internet, radio = "lte-m", link = { preset = "lte-m" } }, function(self)
  energy = function() return self:energy() end
  if way == "push" then
    local client = self:mqtt({ keepalive = keepalive, clean_session = false })
    client.on_connect = function(present) if not present then client:subscribe("toaster", { qos = 1 }) end end
    client.on_message = function(_, payload) saw(payload) end
    client:connect(hub)
    return
  end
  local http = self:http({ keep_alive = way ~= "poll" })
  local tag
  sleep(math.random() * period)
  while true do
    local begun = now()
    local answer = http:get("http://cloud/api/v1/data/latest?device_id=toaster", { headers = { ["If-None-Match"] = tag } })
    if answer and answer.status == 200 then
      if way == "poll_etag" then tag = answer.headers.etag end
      saw(answer.body)
    end
    sleep(math.max(0, begun + period - now()))
  end
end)
local seen_on_link = traffic(reader)
at("2h", function()
  bytes:set(seen_on_link.bytes / 120)
  power:set(energy() / 7200)
end)
