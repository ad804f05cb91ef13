local PULSES = 6
local function pulse(run, number) return messages(run, { topic = "pulse/" .. number, from = "meter" })[1] end
local function own_sendings(message)
  local found = {}
  for _, sending in ipairs(message.sendings) do
    if sending.from == "meter" then found[#found + 1] = sending end
  end
  return found
end
-- How often each pulse was counted, however many messages brought it.
local function counts(run)
  local found = {}
  for number = 1, PULSES do found[number] = #deliveries(run, { topic = "pulse/" .. number, to = "counter" }) end
  return found
end
local function last_delivery(message) return message.deliveries[#message.deliveries] end

figure("pulses", function(run) return #messages(run, { from = "meter" }) end)
figure("counted", function(run) return run.metrics.counted end)
figure("again", function(run)
  local sendings = own_sendings(pulse(run, 2))
  return ("%.0f"):format(sendings[2].at - sendings[1].at)
end)
figure("dup", function(run) return last_delivery(pulse(run, 4)).dup and "1" or "0" end)

prediction("again", {
  ask = "When does the meter send the PUBLISH of pulse 2 again?",
  choices = {
    { "timer", "after a second or so, and again and again until PUBACK comes" },
    { "reconnect", "when it has connected again" },
    { "never", "never: TCP alone sees to it" },
  },
  answer = function(run)
    local sendings = own_sendings(pulse(run, 2))
    if #sendings < 2 then return "never" end
    return sendings[2].at > 260 and "reconnect" or "timer"
  end,
  why = "Many pages tell of a timer. In 3.1.1 a client must send again only when it reconnects with its session, and in 5.0 it must not at any other time [MQTT-4.4.0-1].",
})

prediction("counted", {
  ask = "Six pulses, QoS 1, both cuts: how many are counted?",
  unit = "pulses",
  tolerance = 0.001,
  answer = function(run) return run.metrics.counted end,
  why = "Pulse 2 comes late and once; pulse 4 comes twice, since its PUBACK was lost and not the PUBLISH.",
})

task("counted", {
  text = "See a pulse counted twice.",
  when = "duplicates > 0",
  hints = {
    "Two cuts: in one the broker had the message already.",
    "Watch the lines that the counter logs.",
    "After 460 s, when the meter is back, pulse 4 is counted again.",
  },
})

check("none_lost", {
  text = "No pulse is lost.",
  judge = function(run)
    local lost, cuts = {}, run.metrics.connections >= 4
    for number, count in ipairs(counts(run)) do
      if count == 0 then lost[#lost + 1] = number end
    end
    local twice = 0
    for _, count in ipairs(counts(run)) do if count > 1 then twice = twice + 1 end end
    if #lost == 0 and cuts and (twice == 0) then return true end
    local feedback = "Copies are still counted; see the other check."
    if not cuts then
      feedback = "The line is not cut as it was: the cuts belong to the scenario."
    elseif #lost > 0 and #messages(run, { from = "meter" }) < PULSES then
      feedback = "The meter is to send its six pulses."
    elseif #lost > 0 and pulse(run, 1).qos == 0 then
      feedback = "At QoS 0 nobody sends again what was lost with the connection."
    elseif #lost > 0 then
      feedback = "A clean session forgets what was in flight: after the new connection nothing is sent again."
    end
    return {
      expected = "each of 6 pulses counted, through both cuts",
      measured = (#lost == 0 and "all counted" or "not counted: " .. table.concat(lost, ", ")) .. (twice > 0 and ", " .. twice .. " of them twice" or ""),
      look = "what the meter sends after it has connected again",
      feedback = feedback,
    }
  end,
  hints = {
    "What was in flight belongs to the session.",
    "The session must outlive the connection, and the QoS must be above 0.",
    "CLEAN_SESSION = false, as it was.",
  },
})

check("once", {
  text = "No pulse is counted twice.",
  judge = function(run)
    local twice = {}
    for number, count in ipairs(counts(run)) do
      if count > 1 then twice[#twice + 1] = number end
    end
    if #twice == 0 and run.metrics.counted >= PULSES then return true end
    local qos = pulse(run, 1) and pulse(run, 1).qos or 0
    local feedback = "At QoS 1 a PUBACK that is lost brings the message again, and the broker keeps no note of what it has had."
    if #twice == 0 then
      feedback = "Nothing is counted twice, but pulses are missing."
    elseif qos == 2 then
      feedback = "QoS 2 guards one message; here the program itself publishes some pulse twice."
    end
    return {
      expected = "6 pulses counted, each once",
      measured = run.metrics.counted .. " counted, twice: " .. (#twice == 0 and "none" or table.concat(twice, ", ")),
      look = "the packet identifier that the broker holds between PUBLISH and PUBREL",
      feedback = feedback,
    }
  end,
  hints = {
    "Which handshake lets the receiver know a copy?",
    "The publisher's hop is where the copy comes from.",
    "QOS = 2.",
  },
})

quiz("timer", {
  ask = "\"QoS 1 resends the message every few seconds until PUBACK comes.\" What of it?",
  choices = {
    { "That is how QoS 1 works.", feedback = "You have seen the opposite: one sending, and the next one after the new connection." },
    { "That was MQTT 3.1's manner; since 3.1.1 it is TCP that repeats, and MQTT only after a reconnection.", right = true,
      feedback = "Some old clients still do it, and make copies on connections that work." },
    { "Only the broker does so.", feedback = "The same rule holds for both ends." },
  },
})

quiz("clean", {
  ask = "QoS 2 with a clean session: what becomes of pulse 2?",
  choices = {
    { "It is lost.", right = true, feedback = "The session ends with the connection, and what was in flight with it. QoS alone guarantees nothing beyond a connection." },
    { "It comes late.", feedback = "Only a session that stays remembers what was in flight." },
    { "It comes twice.", feedback = "QoS 2 prevents that; but here nobody sends it again at all." },
  },
})
