-- feedback: The wills are not retained
-- Four sensors and four endings. What each device says of itself is written by presence().
duration("2min")
local hub = broker("hub")
local home = router("home")
link(home, hub, { delay = "20ms", rate = "1Mbit/s" })

local KEEPALIVE = 6 -- s

-- The options of a sensor's client: its will among them.
local function presence(name)
  return {
    client_id = name,
    keepalive = KEEPALIVE,
    reconnect = false,
    will = { topic = "status/" .. name, payload = "gone", qos = 1 },
  }
end

-- What a sensor does once it is connected.
local function say_online(client, name)
  client:publish("status/" .. name, "online", { qos = 1, retain = true })
end

-- What a sensor does before it leaves of its own will.
local function say_offline(client, name)
  client:publish("status/" .. name, "offline", { qos = 1, retain = true })
  sleep(1)
end

local function watch(self)
  local client = self:mqtt()
  client.on_connect = function() client:subscribe("status/+", { qos = 1 }) end
  client.on_message = function(topic, payload) log(topic .. ": " .. payload) end
  client:connect(hub)
end
device("watcher", { on = hub }, watch)
device("late", { on = hub }, function(self)
  sleep(90)
  watch(self)
end)

local sensors = {}
for _, name in ipairs({ "polite", "crashed", "unplugged", "taken" }) do
  sensors[name] = device(name, { on = home }, function(self)
    local client = self:mqtt(presence(name))
    sleep(math.random())
    client:connect(hub)
    say_online(client, name)
    while now() < 60 or name ~= "polite" do
      client:publish("readings/" .. name, self:read("temperature"))
      sleep(4)
    end
    say_offline(client, name)
    client:disconnect()
  end)
end

-- Somebody has copied a program, client identifier and all. It leaves no will, and says nothing.
device("newcomer", { on = home }, function(self)
  sleep(60)
  local client = self:mqtt({ client_id = "taken", reconnect = false })
  client:connect(hub)
end)

at("60s", function()
  sensors.crashed:crash()
  sensors.unplugged:power_off()
end)
