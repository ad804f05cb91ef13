local END = 60 -- s, of all four

local function will_of(run, name)
  for _, message in ipairs(run.messages) do
    if message.will and message.topic == "status/" .. name then return message end
  end
end
-- How long after its end the watcher heard of it; nil if it never did.
local function noticed(run, name)
  for _, message in ipairs(messages(run, { topic = "status/" .. name })) do
    for _, delivery in ipairs(message.deliveries) do
      if delivery.to == "watcher" and delivery.at >= END and (message.will or message.at >= END) then return delivery.at - END end
    end
  end
end
local function seconds(value) return value and ("%.2f"):format(value) or "never" end
-- The last thing that somebody has heard about a sensor, in the order of arrival.
local function last_heard(run, listener, name)
  local last
  for _, line in ipairs(run.log) do
    if line.device == listener then
      local payload = line.text:match("^status/" .. name .. ": (.*)$")
      if payload then last = payload end
    end
  end
  return last
end

figure("wills", function(run) return run.metrics.wills end)
figure("crashed", function(run) return seconds(noticed(run, "crashed")) end)
figure("taken", function(run) return seconds(noticed(run, "taken")) end)
figure("unplugged", function(run) return seconds(noticed(run, "unplugged")) end)
figure("late", function(run) return #deliveries(run, { to = "late" }) end)

prediction("polite", {
  ask = "Is the will of the polite sensor sent, which says DISCONNECT?",
  choices = {
    { "yes", "yes: it is gone, as the others are" },
    { "no", "no: it has said goodbye itself" },
  },
  answer = function(run) return will_of(run, "polite") and "yes" or "no" end,
  why = "A will is for those who cannot speak for themselves: the server discards it when it gets DISCONNECT [MQTT-3.1.2-10].",
})

prediction("unplugged", {
  ask = "How long after its power is gone does the watcher hear of the unplugged sensor (keep alive 10 s)?",
  unit = "s",
  tolerance = 0.25,
  answer = function(run) return noticed(run, "unplugged") end,
  why = "One and a half keep alives after its last packet, which was up to 4 s before its end: between 11 and 15 s.",
})

task("wills", {
  text = "See three last wills.",
  when = "wills >= 3",
  hints = {
    "The lines that begin with a star say what happens at a node.",
    "Two wills come at 60 s, one later.",
    "The third comes some 15 s after the last packet of `unplugged`.",
  },
})

local NAMES = { "polite", "crashed", "unplugged", "taken" }

check("birth", {
  text = "Each sensor says that it is online when it has connected, and its will says that it is gone; both retained.",
  judge = function(run)
    local births, retained, wills = 0, 0, 0
    for _, name in ipairs(NAMES) do
      local first
      for _, message in ipairs(messages(run, { topic = "status/" .. name, from = name })) do
        if not message.will and message.at < 10 then first = first or message end
      end
      if first then births = births + 1 end
      if first and first.retain then retained = retained + 1 end
      local will = will_of(run, name)
      if will and will.retain then wills = wills + 1 end
    end
    if births == 4 and retained == 4 and wills == 3 then return true end
    local feedback = "A sensor that connects says so: publish in say_online()."
    if births == 4 and retained < 4 then
      feedback = "The birth message is not retained: who subscribes later does not get it."
    elseif births == 4 then
      feedback = "The wills are not retained: who looks late is told \"online\" of the dead."
    end
    return {
      expected = "4 births, all retained, and 3 retained wills",
      measured = ("%d births, %d of them retained, %d retained wills"):format(births, retained, wills),
      look = "say_online(), and the will in presence()",
      feedback = feedback,
    }
  end,
  hints = {
    "A retained message is kept for those who come later.",
    "publish() takes { qos = 1, retain = true }, and a will takes retain = true, too.",
    'client:publish("status/" .. name, "online", { qos = 1, retain = true }), and retain = true in the will of presence().',
  },
})

check("late", {
  text = "Who subscribes at 90 s sees of each sensor that it is not there.",
  judge = function(run)
    local wrong = {}
    for _, name in ipairs(NAMES) do
      local heard = last_heard(run, "late", name)
      if heard == nil or heard == "online" then wrong[#wrong + 1] = name .. ": " .. (heard or "nothing") end
    end
    if #wrong == 0 then return true end
    local text = table.concat(wrong, ", ")
    local feedback = "What is not retained is not there for who comes late."
    if last_heard(run, "late", "polite") == "online" then
      feedback = "The polite sensor is shown as online: DISCONNECT deletes its will, so it must say goodbye itself, retained."
    elseif last_heard(run, "late", "crashed") == "online" then
      feedback = "The dead are shown as online: the will must be retained on the topic of the birth message."
    end
    return {
      expected = "\"gone\" or \"offline\" of all four",
      measured = text,
      look = "the retained messages at 90 s",
      feedback = feedback,
    }
  end,
  hints = {
    "Two of the four speak for themselves or not at all.",
    "The retained birth stays until another retained message takes its place.",
    'In say_offline(): client:publish("status/" .. name, "offline", { qos = 1, retain = true }).',
  },
})

check("soon", {
  text = "The unplugged sensor is noticed within 10 s, and nobody who lives is taken for dead.",
  judge = function(run)
    local after = noticed(run, "unplugged")
    local early = 0
    for _, message in ipairs(run.messages) do
      if message.will and message.at < END then early = early + 1 end
    end
    if after and after <= 10 and early == 0 then return true end
    return {
      expected = "at most 10 s, and no will before 60 s",
      measured = seconds(after) .. " s, and " .. early .. " wills before",
      look = "KEEPALIVE: one and a half of it pass from the last packet on",
      feedback = early > 0 and "Somebody was taken for dead who lives: is the keep alive shorter than what the client keeps to?"
        or "One and a half times the keep alive is more than 10 s: noticed too late.",
    }
  end,
  hints = {
    "What does the broker wait for?",
    "1.5 times the keep alive, from the last packet on, must be at most 10 s.",
    "KEEPALIVE = 6: 9 s at most.",
  },
})

quiz("when", {
  ask = "A device is carried out of reach of its Wi-Fi, and comes back half a keep alive later. What of its will?",
  choices = {
    { "it is sent when the device is out of reach", feedback = "Nobody can tell the broker that it is: it sees silence only, as TCP does." },
    { "it is not sent", right = true, feedback = "The silence was shorter than one and a half keep alives, and TCP sends again what was lost." },
    { "it is sent when the device is back", feedback = "The connection goes on, and its will stays where it is." },
  },
})

quiz("short", {
  ask = "Why not a keep alive of 1 s for all?",
  choices = {
    { "the standard does not allow it", feedback = "It allows any number of seconds from 1 to 65,535." },
    { "it costs packets and battery, and a short silence kills healthy connections", right = true,
      feedback = "Every second a PINGREQ, and at a loss of a few packets 1.5 s pass without a word." },
    { "wills would come too early", feedback = "They come as early as you ask: that is what it is paid for." },
  },
})
