local LIMIT = 3000 -- bytes a minute
local PERIOD = 10 -- s, of the scenario as it begins

figure("period", function() return PERIOD end)
figure("limit", function() return LIMIT end)
figure("changes", function(run) return run.metrics.changes end)
figure("told", function(run) return ("%.0f"):format(run.metrics.told_delay * 1000) end)
figure("delay", function(run) return ("%.1f"):format(run.metrics.asking_delay) end)
figure("longest", function(run) return ("%.1f"):format(run.metrics.asking_longest) end)
figure("asked", function(run) return run.metrics.http_requests - run.metrics.changes - 1 end)
figure("nothing", function(run) return ("%.0f"):format((1 - run.metrics.asking_seen / run.metrics.asking_shown) * 100) end)
figure("bytes", function(run) return ("%.0f"):format(run.metrics.asking_bytes) end)
figure("told_bytes", function(run) return ("%.0f"):format(run.metrics.told_bytes) end)

prediction("delay", {
  ask = "Asked every 10 s: how late is a change known, on average?",
  unit = "s",
  tolerance = 0.2,
  answer = function(run) return run.metrics.asking_delay end,
  why = "Half a period, 5 s, and the way back: a change is as likely just after a question as just before the next one.",
})

prediction("nothing", {
  ask = "A change comes every 40 s or so: how many per cent of the answers bring nothing new?",
  unit = "%",
  tolerance = 0.1,
  answer = function(run) return (1 - run.metrics.asking_seen / run.metrics.asking_shown) * 100 end,
  why = "Four questions fall between two changes, and one of them finds something.",
})

task("changes", {
  text = "See the asking dashboard learn of ten changes.",
  when = "asking_seen >= 10",
  hints = {
    "It takes as long as ten changes take.",
    "The counter `asking_seen` says how many it has shown.",
    "Changes come every 20 to 60 s.",
  },
})

check("fast", {
  text = "The dashboard knows of each change, half a second late at most on average.",
  judge = function(run)
    local m = run.metrics
    if m.asking_seen >= m.changes - 1 and m.asking_delay <= 0.5 then return true end
    local feedback = "Half a period is more than half a second."
    if m.asking_seen == 0 then
      feedback = "It shows nothing at all: does it call saw() with what the topic or the feed brings?"
    elseif m.asking_seen < m.changes - 1 then
      feedback = "It misses changes: a later one was there before it asked."
    end
    return {
      expected = "all changes, at most 0.5 s late on average",
      measured = ("%d of %d, %.2f s late"):format(m.asking_seen, m.changes, m.asking_delay),
      look = "what passes between a change and saw()",
      feedback = feedback,
    }
  end,
  hints = {
    "Who asks is half a period late. Who need not ask?",
    "Let the answer wait for the change, or be told.",
    'local client = self:mqtt() client.on_message = function(_, state) saw(state) end client:connect(hub) client:subscribe("kitchen/toaster", { qos = 1 })',
  },
})

check("cheap", {
  text = "Its line carries at most " .. LIMIT .. " bytes a minute, and all changes are shown half a second late at most.",
  judge = function(run)
    local m = run.metrics
    local good = m.asking_seen >= m.changes - 1 and m.asking_delay <= 0.5
    if m.asking_bytes <= LIMIT and good then return true end
    return {
      expected = "at most " .. LIMIT .. " bytes a minute",
      measured = ("%.0f bytes a minute, %.2f s late"):format(m.asking_bytes, m.asking_delay),
      look = "what a question costs that finds nothing",
      feedback = m.asking_bytes > LIMIT and "Asked so often, the questions alone are too much for the line: most of them find nothing."
        or "The line is quiet enough, and the dashboard too late.",
    }
  end,
  hints = {
    "What costs bytes though nothing has changed?",
    "A connection that stays, and a message only where there is a change.",
    "Subscribe, as the told dashboard does; or ask with Prefer: wait=50 and If-None-Match.",
  },
})

quiz("half", {
  ask = "Asked every 60 s over a fast connection that stays: how late is a change known on average?",
  choices = {
    { "as long as the network takes: the connection is there", feedback = "The connection saves handshakes. The change still waits for the next question." },
    { "30 s", right = true, feedback = "Half a period, whatever the connection." },
    { "60 s", feedback = "That is the worst case, for a change just after a question." },
  },
})

quiz("empty", {
  ask = "When is polling the better choice?",
  choices = {
    { "never", feedback = "Where changes are more frequent than one cares to know of, asking now and then is cheaper, and simpler." },
    { "when one needs to know seldom, and may be late", right = true, feedback = "A meter that is read once a day needs no connection that stays." },
    { "when changes are rare and must be known at once", feedback = "That is where push shines: no bytes while nothing happens, and no delay when it does." },
  },
})
