# From our trace (JSON lines) of tests/end_to_end/lossy.lua, the instants of what Wireshark's expert marks in captures of it:
# D an ACK that repeats the one before, with the same window; R a segment that is sent again;
# and beyond the lossy link, on hub>sink: L a segment after a gap, O one that comes out of order or again.
function text(key) { return match($0, "\"" key "\":\"[^\"]*\"") ? substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 5) : "" }
function number(key) { return match($0, "\"" key "\":-?[0-9]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0 : 0 }
function mark(letter) { printf "%s %.9f\n", letter, number("at") / 1e9 }
BEGIN { receiver = "sink:80>source:32768" }
{ kind = text("kind"); entity = text("entity") }
kind == "state" && entity == receiver && text("is") == "tcp_rcv_nxt" { next_byte = number("b") }
kind == "state" && entity == receiver && text("is") == "tcp_rcv_wnd" { window = number("b") }
kind == "packet_sent" { first[number("key")] = number("a"); end[number("key")] = number("b") }
kind == "packet_sent" && entity == "sink" {
  if (number("a") == number("b") && next_byte > 0 && next_byte == last_byte && window == last_window && text("packet") !~ /FIN|SYN/) mark("D")
  last_byte = next_byte
  last_window = window
}
kind == "retransmission" { mark("R") }
kind == "packet_transmitted" && entity == "hub>sink" && end[number("key")] > first[number("key")] {
  begin = first[number("key")]
  if (begin < most) mark("O")
  if (begin > most) mark("L")
  if (end[number("key")] > most) most = end[number("key")]
}
