local function alert(run) return messages(run, { topic = "alerts/fire", from = "sensor" })[1] end

figure("published", function(run) return run.metrics.published end)
figure("accepted", function(run) return run.metrics.accepted end)
figure("delivered", function(run) return run.metrics.delivered end)
figure("routed", function(run) return alert(run).routed end)
figure("late", function(run) return #deliveries(run, { to = "phone" }) end)
figure("delay", function(run)
  local first = messages(run, { topic = "sensors/temperature" })[1]
  return (first.deliveries[1].at - first.at) * 1000
end)

prediction("fire", {
  ask = "Where does the message to alerts/fire go?",
  choices = {
    { "all", "to everybody who is connected: it is an alert" },
    { "kept", "into the broker, which keeps it until somebody subscribes" },
    { "nowhere", "to the broker, which finds nobody to give it to" },
    { "refused", "the broker refuses it, and the sensor gets an error" },
  },
  answer = function(run)
    local message = alert(run)
    if #message.deliveries > 0 then return "all" end
    return message.accepted_at and "nowhere" or "refused"
  end,
  why = "The broker takes every message and looks for subscriptions that select its topic. Where there are none, that is the end of it.",
})

prediction("phone", {
  ask = "How many messages does the phone get, which subscribes to alerts/fire 30 s after the alert?",
  unit = "messages",
  tolerance = 0,
  choices = {},
  answer = function(run) return #deliveries(run, { to = "phone" }) end,
  why = "A subscription begins when the broker has it. What was published before is not looked up: it is not there any more.",
})

task("lost", {
  text = "See the broker discard a message.",
  when = "discarded > 0",
  hints = {
    "One of the three messages has no second arrow.",
    "Look at the lines that begin with a star.",
    "At 7 s the alert reaches the hub; the line below it says that it is lost, and why.",
  },
})

check("station", {
  text = "The fire station gets the alert, once.",
  judge = function(run)
    local there = false
    for _, name in ipairs(run.devices) do there = there or name == "fire-station" end
    local got = #deliveries(run, { topic = "alerts/fire", from = "sensor", to = "fire-station" })
    if got == 1 then return true end
    local feedback = "Nobody named fire-station has subscribed to alerts/fire."
    if not there then
      feedback = 'There is no device named "fire-station" yet.'
    elseif got > 1 then
      feedback = "It gets the alert more than once: subscribe with one client, and publish nothing yourself."
    elseif #deliveries(run, { to = "fire-station" }) > 0 then
      feedback = "The fire station gets other messages, and not the sensor's alert: what does its filter select?"
    elseif alert(run) and alert(run).routed == 0 then
      feedback = "When the alert came, the broker had no subscription for it: the fire station was too late, or asked for another topic."
    end
    return {
      expected = "1 message at fire-station",
      measured = got .. " messages",
      look = "the broker's subscriptions at the instant of the alert, 7 s",
      feedback = feedback,
    }
  end,
  hints = {
    "The dashboard does all that the fire station has to do, with other topics.",
    "A device with a client that connects and subscribes before the sensor publishes.",
    'device("fire-station", { on = home }, function(self) local client = self:mqtt() client:connect(hub) client:subscribe("alerts/fire") end)',
  },
})

check("others", {
  text = "Beside the fire station nothing changes: the sensor publishes its three messages, the dashboard gets its two.",
  judge = function(run)
    local sent = #messages(run, { from = "sensor" })
    local shown = #deliveries(run, { from = "sensor", to = "dashboard" })
    local alerts = #deliveries(run, { topic = "alerts/fire", to = "dashboard" })
    local station = #deliveries(run, { to = "fire-station" })
    if sent == 3 and shown == 2 and alerts == 0 and station == 1 and not (alert(run) and alert(run).retain) then return true end
    local feedback = "Add the fire station, and leave the others as they are."
    if alert(run) and alert(run).retain then
      feedback = "The sensor was changed: with retain the broker keeps the alert. Here nobody needs that who subscribes in time."
    elseif alerts > 0 then
      feedback = "Now the dashboard gets the alert, too. It was to stay as it is."
    elseif station > 1 then
      feedback = "The fire station gets more than alerts: a filter of # or +/+ selects the readings, too."
    elseif station == 0 then
      feedback = "The fire station still gets nothing."
    end
    return {
      expected = "3 messages of the sensor, 2 at the dashboard, 1 at the fire station, none retained",
      measured = ("%d of the sensor, %d at the dashboard, %d at the fire station"):format(sent, shown, station),
      look = "what you have changed beside the new device",
      feedback = feedback,
    }
  end,
  hints = {
    "Who publishes need not know who listens.",
    "Undo every change but the new device, and let it subscribe to one topic only.",
    "Copy the lesson's scenario again, and add only the device of the other check's third hint.",
  },
})

quiz("knows", {
  ask = "The fire station gets the alert now. What did the sensor have to know for that?",
  choices = {
    { "the fire station's address", feedback = "It never sends to the fire station: its one connection goes to the broker." },
    { "that somebody is interested", feedback = "It was not told, and it publishes all the same." },
    { "the topic, and nothing of who listens", right = true, feedback = "That is what decouples them: neither knows of the other." },
  },
})

quiz("kept", {
  ask = "Somebody subscribes to alerts/fire a day later. What comes?",
  choices = {
    { "all alerts of the day", feedback = "A broker is no mailbox: without a session that stays, nothing is stored for anybody." },
    { "nothing, until the next alert", right = true, feedback = "A subscription is about what comes from now on." },
    { "the last alert", feedback = "Only if it had been published as a retained message, which this one was not." },
  },
})
