local function readings(run) return messages(run, { topic = "readings" }) end
local function quantile(run, q)
  local delays = {}
  for _, message in ipairs(readings(run)) do
    for _, delivery in ipairs(message.deliveries) do delays[#delays + 1] = (delivery.at - message.at) * 1000 end
  end
  table.sort(delays)
  return delays[math.floor(q * (#delays - 1)) + 1]
end

figure("count", function(run) return #readings(run) end)
figure("loss", function(run) return ("%.0f"):format(run.metrics.packets_dropped / run.metrics.crossed * 100) end)
figure("arrived", function(run) return #deliveries(run, { topic = "readings", to = "dashboard" }) end)
figure("retransmissions", function(run) return run.metrics.retransmissions end)
figure("dropped", function(run) return run.metrics.packets_dropped end)
figure("way", function(run) return quantile(run, 0) end)
figure("median", function(run) return quantile(run, 0.5) end)
figure("p95", function(run) return quantile(run, 0.95) end)

prediction("arrived", {
  ask = "100 messages at QoS 0, 10 % of the packets are lost: how many arrive?",
  unit = "messages",
  tolerance = 0.001,
  answer = function(run) return #deliveries(run, { topic = "readings", to = "dashboard" }) end,
  why = "All of them: TCP sends lost segments again. QoS 0 says what MQTT does, which is nothing; it does not switch TCP off.",
})

prediction("resent", {
  ask = "How many PUBLISH packets does MQTT send a second time?",
  unit = "packets",
  tolerance = 0.001,
  answer = function(run)
    local again = 0
    for _, message in ipairs(readings(run)) do
      local own = 0
      for _, sending in ipairs(message.sendings) do
        if sending.from == "sensor" then own = own + 1 end
      end
      again = again + math.max(0, own - 1)
    end
    return again
  end,
  why = "None: at QoS 0 nothing is kept to be sent again. What was repeated are TCP's segments, which know nothing of messages.",
})

task("all", {
  text = "See the hundredth message arrive.",
  when = "delivered >= 100",
  hints = {
    "It takes a little longer than the sensor publishes.",
    "The counter `delivered` says how many have arrived.",
    "Wait until the last retransmission is through: some seconds after 52 s.",
  },
})

local function said(run)
  for _, line in ipairs(run.log) do
    local verdict = line.text:match("^verdict: (.*)$")
    if verdict then return verdict, line.at end
  end
end

check("honest", {
  text = "The verdict is true: all messages arrive, and it says so.",
  judge = function(run)
    local there, count = #deliveries(run, { topic = "readings", to = "dashboard" }), #readings(run)
    local verdict, at = said(run)
    local last = 0
    for _, delivery in ipairs(deliveries(run, { topic = "readings", to = "dashboard" })) do last = math.max(last, delivery.at) end
    if count >= 100 and there == count and verdict == "all there" and at >= last then return true end
    local feedback = "The verdict came before the last message: late is not lost. How long may TCP need?"
    if verdict == nil then
      feedback = "No verdict was given before the run ended."
    elseif count < 100 then
      feedback = "The sensor is to publish its hundred messages."
    elseif verdict == "all there" and at < last then
      feedback = "It says \"all there\" before all is there: a verdict must look at what has arrived."
    end
    return {
      expected = ("100 of 100 there, and the verdict \"all there\" after the last arrival"),
      measured = ("%d of %d, verdict %s at %.1f s, last arrival at %.1f s"):format(there, count, verdict or "none", at or 0, last),
      look = "how long the slowest message takes: its retransmissions wait 0.25, 0.5, 1, 2, 4 ... s",
      feedback = feedback,
    }
  end,
  hints = {
    "Late is not lost: what is the longest that a message may be on its way?",
    "TCP doubles its time-out after each failure; a handful of failures in a row takes half a minute and more.",
    "ASK_AFTER = 120.",
  },
})

check("worse", {
  text = "The link loses a fifth of its packets, and the messages still go at QoS 0.",
  judge = function(run)
    local share = run.metrics.packets_dropped / run.metrics.crossed
    local qos = 0
    for _, message in ipairs(readings(run)) do qos = math.max(qos, message.qos) end
    if qos == 0 and share >= 0.145 then return true end
    return {
      expected = "about 20 % of the packets lost, QoS 0",
      measured = ("%.0f %% of the packets lost, QoS %d"):format(share * 100, qos),
      look = "LOSS, and the options of publish()",
      feedback = qos > 0 and "The QoS was raised: here TCP alone is to bring the messages." or "The link loses fewer packets than it should: LOSS is not 20 %.",
    }
  end,
  hints = {
    "How many packets does the link lose?",
    "LOSS is a part of 1.",
    "LOSS = 0.2, and publish() with { qos = 0 } as it was.",
  },
})

quiz("why", {
  ask = "Why did no message of QoS 0 get lost at 10 % of lost packets?",
  choices = {
    { "MQTT sent the lost ones again", feedback = "At QoS 0 it keeps nothing that it could send again." },
    { "TCP sent the lost segments again", right = true, feedback = "That is what a reliable stream is: below MQTT, and whatever the QoS." },
    { "there was luck in it", feedback = "With 10 % loss, a hundred packets without a loss would be a chance of 1 in 37,000." },
  },
})

quiz("then", {
  ask = "When does a message of QoS 0 get lost, then?",
  choices = {
    { "when three packets in a row are lost", feedback = "TCP goes on: it gives up after minutes, not after three losses." },
    { "when the connection ends before TCP has brought it", right = true,
      feedback = "What was in flight is gone with the connection, and nobody has kept it. That is the next lesson." },
    { "when the subscriber is slow", feedback = "TCP's window slows the sender down first; only a full queue at the broker drops." },
  },
})
