---@meta
-- What the Wirelab host offers to scenarios, for the Lua language server: with this folder in its library, an editor completes
-- and checks scenarios (.luarc.json at the root of the repository says so). A test holds this file equal to the host.
--
-- Beside this, of Lua 5.4: assert, error, getmetatable, ipairs, next, pairs (in the order of the keys), pcall, print, rawequal,
-- rawget, rawlen, rawset, select, setmetatable, tonumber, tostring, type, and math, string, table, utf8. Not offered: files,
-- processes, load, coroutines, collectgarbage, string.dump, math.randomseed, the operator ^ (write math.pow).

---A duration: a number of seconds, or a text with units: "25ms", "10min", "1h30min" (ns, us, ms, s, min, h, d).
---@alias duration number|string
---A rate: a number of bit/s, or a text: "9600bit/s", "10Mbit/s" (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s).
---@alias rate number|string
---A size: a number of bytes, or a text: "64KiB" (B, kB, KiB, MB, MiB, GB, GiB).
---@alias size number|string
---A part of 1: a number, or a text: "2%".
---@alias ratio number|string

---x to the power of y, the same on every machine; the operator ^ is not offered, since it is not.
---@param x number
---@param y number
---@return number
function math.pow(x, y) end

-- The world -----------------------------------------------------------------------------------------------------------------

---How long the scenario runs; without it 60 s.
---@param length duration
function duration(length) end

---A parameter that `--set name=value` may set. Its type is that of the default.
---@generic T : number|string|boolean
---@param name string
---@param default T
---@param options? { min?: number, max?: number, choices?: T[], unit?: string, help?: string }
---@return T
function param(name, default, options) end

---A result of the run, beside the built-in metrics.
---@param name string
---@param options? { unit?: string, help?: string, start?: number }
---@return metric
function metric(name, options) end

---The present value of a built-in metric, such as "delivered"; `wirelab metrics SCENARIO` lists them.
---@param name string
---@return number
function stat(name) end

---Says what must be true. If it is not, the run goes on and exits with status 1.
---@param condition any
---@param what? string
function expect(condition, what) end

---Calls a function at an instant of the simulation; there it may act on links, nodes and sensors.
---@param time duration
---@param action fun()
function at(time, action) end

---A node that forwards packets.
---@param name string
---@param options? { address?: string }
---@return node
function router(name, options) end

---A router that translates addresses, as at home: what hangs on it has addresses of its own (192.168.1.2 and on) and is seen outside
---under the router's. Only answers come in. A binding that has been idle is forgotten: after `tcp_timeout` (2 h 4 min, RFC 5382; Linux
---itself has five days, cheap routers minutes) or `udp_timeout` (120 s). `forgotten` says what then becomes of TCP from inside:
---"same_port" takes the connection up again (Linux), "another_port" makes the server answer RST, "reset" answers RST itself, "drop".
---It gives addresses from 192.168.1.100 on by DHCP, for `lease`, a day if left out.
---@param name string
---@param options { on: node, link?: link_options, address?: string, lease?: duration, tcp_timeout?: duration, udp_timeout?: duration, forgotten?: "same_port"|"another_port"|"reset"|"drop" }
---@return node
function nat(name, options) end

---A name server. Devices ask the first one that is declared. Each name stands for a node or an address; an answer may be kept for `ttl`,
---5 min if left out. Of any other name it says that there is none.
---@param name string
---@param options { on?: node, link?: link_options, address?: string, names?: table<string, node|string|{ node: node, ttl?: duration }> }
---@return node
function dns(name, options) end

---A web server: the REST cloud that docs/http.md describes, on port 80. With the profile "nginx" it writes head and content one after the
---other and says so in its Server field. It answers `service_time` after a request's last byte. Between requests a connection is kept for
---`idle_timeout`, 75 s if left out, unless `keep_alive` is false. With `api_key` every request must bring it, in X-AIO-Key or X-API-Key.
---Its calendar begins with the run, on 2 March 2022 at 21:44:20.
---@param name string
---@param options? { on?: node, link?: link_options, address?: string, profile?: "plain"|"nginx", api_key?: string, service_time?: duration, keep_alive?: boolean, idle_timeout?: duration, nodelay?: boolean, stack?: "linux"|"lwip", sack?: boolean, congestion?: "cubic"|"newreno", user_timeout?: duration, tcp_keepalive?: duration }
---@return node
function cloud(name, options) end

---A Wi-Fi access point, plugged into `on`. With a password the network is WPA2's, without one it is open. `at` is its place in metres,
---`power` what it transmits in dBm (20 if left out), `fading` by how much single frames are received better or worse (3 dB).
---@param name string
---@param options { on: node, ssid: string, password?: string, at?: number[], power?: number, fading?: number, link?: link_options, address?: string }
---@return node
function access_point(name, options) end

---A serial line between two nodes, and their ports: `format` is data bits, parity (N, E, O, M, S) and stop bits; `buffer` how many bytes
---wait to be read (4096); `bit_errors` the share of bits that noise turns. `second` changes what the second node's port has.
---@param first node
---@param second node
---@param options? { baud?: integer, format?: string, buffer?: integer, bit_errors?: ratio, second?: { baud?: integer, format?: string, buffer?: integer } }
---@return hop
function serial(first, second, options) end

---Bluetooth Low Energy between a gateway and its devices, one or a list: a connection each, with an event every `interval` (50 ms, in
---steps of 1.25 ms). `mtu` (23) is the attribute protocol's, 3 bytes more than a message; `pdu` (27) the link layer's piece. `loss` is
---the share of full pieces that are not received.
---@param gateway node
---@param devices node|node[]
---@param options? { interval?: duration, mtu?: integer, pdu?: integer, supervision?: duration, advertising?: duration, loss?: ratio }
---@return hop
function ble(gateway, devices, options) end

---IEEE 802.15.4 at 2.4 GHz between a gateway and its devices, which share the air. Messages have at most 116 bytes.
---@param gateway node
---@param devices node|node[]
---@param options? { loss?: ratio }
---@return hop
function ieee802154(gateway, devices, options) end

---@class hop
local hop = {}
---The cable is cut, or the device of a radio is carried out of reach.
---@param device? node
function hop:cut(device) end
---@param device? node
function hop:restore(device) end
---Changes what gets lost from now on: of a radio the share of frames, of a serial line the share of bits that noise turns.
---@param options { loss?: number, bit_errors?: number }
---@param device? node
function hop:impair(options, device) end

---What somebody reads who listens on a link from the beginning and knows no key.
---@class tap
---@field packets integer that were sent over the link
---@field contents integer payloads that are readable
---@field credentials integer user names and passwords
---@field abouts integer what is said around them: client ids, filters, names, certificates
---@field hidden integer records that say nothing
---@field hidden_bytes integer
local tap_object = {}
---Its lines so far, in order of time; the first 100,000.
---@return { at: number, from: string, to: string, kind: "content"|"credentials"|"about"|"hidden", text: string }[]
function tap_object:lines() end

---Listens on a link: what link() gave, or a device's `link`; or on all that a node sends and receives, over Wi-Fi too. At the top level only.
---@param where link|node
---@return tap
function tap(where) end

---What goes over a link, counted where a transmitter begins to send it, so that lost packets count too; in bytes but for `packets`.
---"Up" is what the first end of a link sends, or the node where a node is counted.
---@class traffic
---@field packets integer
---@field packets_up integer
---@field packets_down integer
---@field bytes integer IP headers included
---@field bytes_up integer
---@field bytes_down integer
---@field ip integer headers of IP
---@field transport integer headers of TCP, UDP and ICMP
---@field payload integer what these carry
---@field payload_up integer
---@field payload_down integer
local traffic_object = {}

---Counts what goes over a link, or all that a node sends and receives. At the top level only.
---@param where link|node
---@return traffic
function traffic(where) end

---How a broker uses TLS, on port 8883.
---@class server_tls
---@field name? string whom the certificate names; the broker's name if it is left out
---@field authority? string who signs it; "Wirelab CA" if left out, "itself" for nobody else
---@field key? "rsa"|"ec" RSA 2048, or P-256; "rsa" if left out
---@field expires? duration after the beginning; 365 days if left out
---@field version? "1.2"|"1.3"|"both" "both" if left out
---@field tickets? integer by which clients resume; 2 if left out, 0 for none
---@field processor? "computer"|"esp32" whose time the keys take; "computer" if left out
---@field plain? boolean whether it listens on port 1883 too; true if left out

---How a client uses TLS.
---@class client_tls
---@field version? "1.2"|"1.3" "1.3" if left out
---@field verify? boolean false takes any certificate; true if left out
---@field authority? string whom it trusts; "Wirelab CA" if left out
---@field name? string whom the certificate must name; whom it connects to if left out
---@field resume? boolean by the last ticket; false if left out
---@field processor? "computer"|"esp32" whose time the keys take; "computer" if left out

---A connection of a broker to another one: what either gets under these topics, the other gets too. A message that goes both ways
---comes back once from a broker of 3.1.1, which knows no No Local.
---@class bridge
---@field to node|string the other broker
---@field topics string[] "PATTERN out|in|both QOS LOCAL_PREFIX REMOTE_PREFIX", as in mosquitto.conf; out and QoS 0 if left out, "" for no prefix
---@field name? string its client identifier
---@field version? "3.1.1"|"5.0" "5.0" if left out
---@field keepalive? duration 60 s if left out
---@field clean_session? boolean whether the other broker forgets it when it is away; false if left out (cleansession)
---@field username? string
---@field password? string

---A broker's options. Those with a name of mosquitto.conf's mean the same there.
---@class broker_options
---@field address? string
---@field max_inflight? integer QoS 1 and 2 messages on their way to one client; 20 if left out (max_inflight_messages)
---@field max_queued? integer messages that wait for one client, 1000 if left out; 0: not limited (max_queued_messages)
---@field max_queued_bytes? size of them; not limited if left out
---@field drop? "newest"|"oldest" which message is lost where a queue is full; "newest" if left out
---@field queue_qos0? boolean keep QoS 0 messages for clients that are away; false if left out (queue_qos0_messages)
---@field persistent_client_expiration? duration|"never" how long sessions are kept at most
---@field max_packet_size? size of what clients send
---@field receive_maximum? integer QoS 1 and 2 messages of a client's that are not answered yet; 65535 if left out
---@field max_topic_alias? integer of one client; 10 if left out
---@field max_keepalive? duration clients of 5.0 are told to keep to it, others refused; not limited if left out
---@field max_topic_levels? integer 200 if left out
---@field max_subscriptions? integer of one client; not limited if left out
---@field max_qos? 0|1|2
---@field max_connections? integer at once; not limited if left out
---@field max_sessions? integer with and without a connection; not limited if left out
---@field max_retained? integer messages; not limited if left out
---@field max_filter_levels? integer of all filters of one client together; not limited if left out
---@field memory_limit? size of messages that are kept, and of subscriptions; not limited if left out
---@field retain_available? boolean
---@field wildcard_subscriptions? boolean
---@field subscription_identifiers? boolean
---@field shared_subscriptions? boolean
---@field check_payload_format? boolean refuse what is said to be UTF-8 and is not; true if left out
---@field connect_timeout? duration from a connection's opening to its CONNECT; 30 s if left out
---@field sys_interval? duration between the messages under $SYS; none if left out
---@field persistence? boolean whether sessions and retained messages outlive a stop; true if left out
---@field autosave_interval? duration how often they are saved while it runs: a crash loses what came since; not if left out
---@field response_information? string for clients of 5.0 that ask for it
---@field bridges? bridge[] connections to other brokers (connection, address, topic)
---@field service_time? duration that its process takes over each packet that comes in; none if left out
---@field service? "constant"|"exponential" whether that is the same for all, or a mean; "constant" if left out
---@field inbox? integer packets that its process has read and that wait; not limited if left out. What comes beyond stays in TCP's receive buffers
---@field anonymous? boolean whether clients without a user name are let in; true if left out (allow_anonymous)
---@field users? table<string, string> passwords by name (password_file)
---@field acl? string[] lines as in mosquitto's acl_file: "user NAME", "topic [read|write|readwrite|deny] FILTER", "pattern ..."
---@field profile? "standard"|"mosquitto 2.0"
---@field nodelay? boolean
---@field stack? "linux"|"lwip"
---@field sack? boolean
---@field congestion? "cubic"|"newreno"
---@field user_timeout? duration
---@field tcp_keepalive? duration
---@field tls? true|server_tls

---An MQTT broker for 3.1, 3.1.1 and 5.0 on port 1883, with `tls` on 8883 too.
---@param name string
---@param options? broker_options
---@return node
function broker(name, options) end

---One direction of a link, in the words of tc netem. Defaults: 100 Mbit/s, 100 us, no jitter, in order, no loss, a queue of 1000
---packets, MTU 1500. `jitter` is the half width of "uniform", the standard deviation of "normal", the mean of what "pareto" adds;
---"paretonormal" is a quarter of normal and three quarters of pareto. A correlation is the probability that a packet shares the
---draw of the packet before it. `reorder`: so many overtake, since they are sent without delay; with a `gap` only each gap-th may.
---`corrupt` turns one bit. `overhead` is bytes of layer 2 a packet; layer 2 may carry cells of `cell` bytes with `cell_overhead` each.
---`burst_loss` has two states: by packet with good_to_bad and bad_to_good, in time with mean_good and mean_bad. `loss_states` is
---netem's model of four: 1 good, 2 good in a burst, 3 lost in a burst, 4 lost alone; p31 is 1 - p13 and p23 is 1 if left out.
---@class impairments
---@field rate? rate
---@field delay? duration
---@field jitter? duration
---@field jitter_correlation? ratio
---@field distribution? "uniform"|"normal"|"pareto"|"paretonormal"
---@field in_order? boolean
---@field loss? ratio
---@field loss_correlation? ratio
---@field duplicate? ratio
---@field duplicate_correlation? ratio
---@field corrupt? ratio
---@field corrupt_correlation? ratio
---@field reorder? ratio
---@field reorder_correlation? ratio
---@field gap? integer
---@field queue? integer
---@field queue_bytes? size
---@field mtu? integer
---@field overhead? integer
---@field cell? integer
---@field cell_overhead? integer
---@field burst_loss? { good_to_bad?: ratio, bad_to_good?: ratio, loss_good?: ratio, loss_bad?: ratio, mean_good?: duration, mean_bad?: duration }
---@field loss_states? { p13?: ratio, p31?: ratio, p32?: ratio, p23?: ratio, p14?: ratio }

---Both directions of a link; `up` (first end to second) and `down` change one of them. A `preset` comes before all of it; the
---first end is then the device's side. docs/scenarios.md has its figures.
---@class link_options : impairments
---@field preset? "ethernet"|"dsl"|"lte-m"|"nb-iot"|"satellite"
---@field up? impairments
---@field down? impairments

---Joins two nodes.
---@param a node
---@param b node
---@param options? link_options
---@return link
function link(a, b, options) end

---value = base + swing * sin(2 pi t / period) + noise * standard normal, rounded to step, kept in [low, high].
---@class sensor_options
---@field base? number
---@field swing? number
---@field period? duration
---@field noise? number
---@field step? number
---@field low? number
---@field high? number

---A device: `on` is the node it hangs on, `link` the link to it; with `wifi` it has Wi-Fi instead: given an `ssid` it joins that network and
---comes back to it by itself, without one its program does (see wifi). With address = "dhcp" it asks the nat() of its network for an address. Its program runs as a coroutine. Sensors that are read without
---being described have defaults: temperature 21 +- 3 a day, humidity 45 +- 8, light 400 +- 350; any other reads 0. `radio` says what its radio draws, for self:energy() and the metrics of energy: "esp32" (Wi-Fi), "lte-m", or a table
---that changes one of them: powers in mW, and for how long it stays awake after the last packet. docs/energy.md has the figures.
---@param name string
---@param options? { on?: node, radio?: "esp32"|"lte-m"|{ model: string, transmit?: number, receive?: number, idle?: number, sleep?: number, tail?: duration }, link?: link_options, address?: string, wifi?: { ssid?: string, password?: string, at?: number[], power?: number, walls?: number }, sensors?: table<string, sensor_options|number> }
---@param program? fun(self: device)
---@return node
function device(name, options, program) end

---@class node
---@field name string
---@field link link the link that `on` made
local node = {}
---The plug is pulled: nothing more is sent, peers are not told, memory is gone.
function node:power_off() end
---The process dies; its operating system closes the connections. Memory is gone.
function node:crash() end
---The program is asked to end: a client sends DISCONNECT; a broker closes its connections and keeps stored sessions.
function node:stop() end
---Power on, and the program starts from its beginning; one that runs is stopped first.
function node:restart() end
---Of a nat(): it loses its table, as when it is overloaded.
function node:forget_bindings() end
---Of a dns(): it answers every question with failure, or with `false` is well again.
---@param fails? boolean
function node:fail_names(fails) end
---Of a device with Wi-Fi or an access point: it is carried to another place, in metres.
---@param x number
---@param y number
function node:move(x, y) end
---Of a device with Wi-Fi: its access point sends it away; it may come back.
function node:deauthenticate() end
---The sensor reads this value from now on.
---@param sensor string
---@param value number
function node:set_sensor(sensor, value) end

---@class link
local link_object = {}
---Cuts the cable: what is under way is lost, and neither end is told.
function link_object:cut() end
---Mends it.
function link_object:restore() end
---Changes both directions; what is not given stays.
---@param options impairments
function link_object:impair(options) end

---How the link changes over time: each step lasts for its time, with the link's own settings and what the step changes of them;
---`cut = true` cuts it. After the last step it begins again, unless `repeats` is false. To be called at the top level.
---@class profile_step : impairments
---@field lasts duration
---@field cut? boolean
---@param steps profile_step[]
---@param options? { begins?: duration, repeats?: boolean }
function link_object:profile(steps, options) end

---@class metric
local metric_object = {}
---@param amount? number 1 if it is left out
function metric_object:add(amount) end
---@param value number
function metric_object:set(value) end
---@return number
function metric_object:get() end

-- Programs ------------------------------------------------------------------------------------------------------------------

---Suspends the program. A client in the background is served meanwhile.
---@param length duration
function sleep(length) end

---Simulated time in seconds.
---@return number
function now() end

---Prints a line with the simulated time and the device's name, and keeps it in the trace. print() does the same.
function log(...) end

---@class json
---@field null lightuserdata
json = {}
---Names in order, numbers as the shortest text that reads back. A hole in a list, nan and functions are errors.
---@param value any
---@return string
function json.encode(value) end
---@param text string
---@return any value nil if the text is no JSON
---@return string? reason
function json.decode(text) end

---@class device
---@field name string
local self = {}
---Reads a sensor.
---@param sensor string
---@return number
function self:read(sensor) end
---Sets an actuator.
---@param actuator string
---@param value number|boolean
function self:set(actuator, value) end

---What its radio has used since the beginning, in millijoules, and how many seconds it was in each state: "off", "sleep", "idle",
---"receive", "transmit". Where it was declared with the option `radio`.
---@return number millijoules
---@return table<string, number> seconds
function self:energy() end

---Its Wi-Fi, where it was declared with the option `wifi`.
---@return wifi
function self:wifi() end

---@class wifi
local wifi = {}
---Looks for the network, joins it and waits for an address, 10 s at most if no time-out is given. False and the reason if that fails.
---@param ssid string
---@param password? string 8 to 63 characters; none for an open network
---@param options? { timeout?: duration }
---@return boolean, string?
function wifi:connect(ssid, password, options) end
---The same, unless it is connected already.
---@param ssid string
---@param password? string
---@param options? { timeout?: duration }
---@return boolean, string?
function wifi:ensure_connected(ssid, password, options) end
---"WiFi: Connected to 'HomeNetwork' (192.168.1.100)" or "WiFi: Disconnected".
---@return string
function wifi:status() end
---@return { connected: boolean, state: string, ssid: string, ip?: string, signal?: number, reason: string }
function wifi:info() end
---Listens on all channels, which takes 1.3 s: who is heard, the strongest first.
---@return { ssid: string, signal: number, encrypted: boolean }[]
function wifi:scan() end
function wifi:disconnect() end

---Its port of a serial line; with several, that of the line to `other`.
---@param other? node
---@return serial_port
function self:serial(other) end
---Its radio, where ble() or ieee802154() names it; with both, say which.
---@param kind? "ble"|"802.15.4"
---@return radio
function self:radio(kind) end

---@class serial_port
local serial_port = {}
---Waits until all bytes are in the port's buffer; gives how many.
---@param bytes string
---@return integer
function serial_port:write(bytes) end
---Waits until so many bytes (1 if left out) have arrived, or for the time-out: then it gives what there is.
---@param count? integer
---@param options? { timeout?: duration }
---@return string
function serial_port:read(count, options) end
---Up to and with the next "\n", or what there is after the time-out.
---@param options? { timeout?: duration }
---@return string
function serial_port:readline(options) end
---@return integer
function serial_port:in_waiting() end
---How often the port has found something wrong.
---@return { parity: integer, framing: integer, overrun: integer }
function serial_port:errors() end
---Throws away what has arrived and was not read.
function serial_port:discard() end
---@param options { baud?: integer, format?: string }
function serial_port:configure(options) end

---@class radio
local radio = {}
---Waits until the other end has acknowledged the message; else nil and why not. A gateway with several devices says to which.
---@param message string
---@param to? node
---@return boolean?, string?
function radio:send(message, to) end
---The next message and the name of who sent it, or nil and "timed out".
---@param options? { timeout?: duration }
---@return string?, string
function radio:receive(options) end
---@param device? node of a gateway with several
---@return boolean
function radio:is_connected(device) end
---Of a device: waits for its connection, or for the time-out.
---@param options? { timeout?: duration }
---@return boolean?, string?
function radio:wait_connected(options) end

---@class client_options
---@field client_id? string the device's name if it is left out
---@field keepalive? duration whole seconds, 60 if left out; 0 switches it off
---@field profile? "standard"|"paho 1.6"|"libmosquitto 2.0" what real clients do otherwise than the standard asks or leaves open
---@field version? "3.1"|"3.1.1"|"5.0" "3.1.1" if left out
---@field clean_session? boolean true if left out; with 5.0 it is Clean Start
---@field session_expiry? duration|"never" 5.0: how long the session outlives its connection; 0 if left out
---@field receive_maximum? integer 5.0: QoS 1 and 2 messages that it takes before it has answered; 65535 if left out
---@field max_packet_size? size 5.0: of what it takes
---@field topic_alias_maximum? integer 5.0: 0 if left out
---@field user? string[][] 5.0: user properties of CONNECT, { { "name", "value" } }
---@field max_inflight? integer 20 if left out
---@field max_queued? integer 0 (not limited) if left out
---@field username? string
---@field password? string
---@field will? { topic: string, payload?: string, qos?: 0|1|2, retain?: boolean, delay?: duration, expiry?: duration, utf8?: boolean, content_type?: string, response_topic?: string, correlation?: string, user?: string[][] } what begins with delay is 5.0's
---@field loop? "background"|"manual"
---@field reconnect? boolean true if left out; in the background only
---@field reconnect_min? duration 1 s if left out; doubled after each failure
---@field reconnect_max? duration 120 s if left out
---@field nodelay? boolean TCP_NODELAY on the client's side; false if left out
---@field stack? "linux"|"lwip" the TCP of the client's side; "lwip" is what microcontrollers run: see docs/scenarios.md
---@field sack? boolean SACK; with "linux" true if left out, with "lwip" false
---@field congestion? "cubic"|"newreno" how TCP's window grows; "cubic" if left out
---@field user_timeout? duration TCP_USER_TIMEOUT: unacknowledged data ends the connection after so long; 924.6 s if left out, as Linux
---@field tcp_keepalive? duration SO_KEEPALIVE: silence before TCP asks whether the peer is there, then 9 times every 75 s; off if left out
---@field connect_timeout? duration 5 s if left out, as paho's
---@field tls? true|client_tls TLS, to port 8883 where no other is given; not used if left out

---Makes an MQTT client, which is not connected yet.
---@param options? client_options
---@return client
function self:mqtt(options) end

---A TCP socket, which is not connected yet.
---@return tcp_socket
function self:tcp() end
---A client of HTTP. Its connection is kept for the next request to the same server, unless `keep_alive` is false; a request may take
---`timeout`, 30 s if left out, 0 for any time; `headers` go with each of them. TCP_NODELAY is set unless `nodelay` says otherwise.
---@param options? { keep_alive?: boolean, timeout?: duration, headers?: table<string, string>, nodelay?: boolean, stack?: "linux"|"lwip", sack?: boolean, congestion?: "cubic"|"newreno", user_timeout?: duration, tcp_keepalive?: duration }
---@return http_client
function self:http(options) end
---Listens on a TCP port. `backlog` connections may wait to be accepted, 128 if left out; more are refused.
---@param port integer
---@param options? { backlog?: integer, nodelay?: boolean, stack?: "linux"|"lwip", sack?: boolean, congestion?: "cubic"|"newreno", user_timeout?: duration, tcp_keepalive?: duration }
---@return listener
function self:listen(port, options) end
---A UDP socket, on a free port if none is given. At most 1000 datagrams wait to be read; more are dropped.
---@param port? integer
---@return udp_socket
function self:udp(port) end

---The device's own address; nil while it has none.
---@return string? address
function self:address() end
---Waits until the device has an address.
---@param options? { timeout?: duration }
---@return string? address
---@return string? reason
function self:wait_address(options) end
---Waits for the address of a name: from what is kept, or from the name server, which is asked twice and given 5 s each time.
---@param name string
---@return string? address
---@return string? reason "no such name", "no answer from the name server" ...
function self:resolve(name) end

---As Python's socket. What waits may only be called by the program itself.
---@class http_response
---@field status integer 200, 304, 404 ...
---@field body string
---@field headers table<string, string> by name in small letters

---@class http_options
---@field headers? table<string, string> of this request, beside those of the client
---@field type? string the content's, "application/json" if left out
---@field timeout? duration of this request

---A client of HTTP/1.1. Its methods wait for the answer; without one they return nil and why: "timed out", "connection refused",
---"connection reset", "no route to the host", "name not resolved", "malformed answer". A URL names a node of the scenario, an address, or
---a name that a name server knows.
---@class http_client
local http_client = {}
---@param url string as "http://cloud/api/v1/data/latest?device_id=sensor-001"
---@param options? http_options
---@return http_response? response, string? reason
function http_client:get(url, options) end
---Only what stands before the content.
---@param url string
---@param options? http_options
---@return http_response? response, string? reason
function http_client:head(url, options) end
---@param url string
---@param body? string
---@param options? http_options
---@return http_response? response, string? reason
function http_client:post(url, body, options) end
---@param url string
---@param body? string
---@param options? http_options
---@return http_response? response, string? reason
function http_client:put(url, body, options) end
---@param url string
---@param options? http_options
---@return http_response? response, string? reason
function http_client:delete(url, options) end
---Closes the connection that it keeps.
function http_client:close() end

---@class tcp_socket
local tcp_socket = {}
---Waits until the connection is open. `to` is a node, an address or a name. A socket connects once.
---@param to node|string
---@param port integer
---@param options? { timeout?: duration, nodelay?: boolean, stack?: "linux"|"lwip", sack?: boolean, congestion?: "cubic"|"newreno", user_timeout?: duration, tcp_keepalive?: duration }
---@return boolean? connected
---@return string? reason "refused", "timed out", "unreachable" ...
function tcp_socket:connect(to, port, options) end
---Waits until all of it is in the system's send buffer: not until the peer has it.
---@param bytes string
---@return boolean? sent
---@return string? reason
function tcp_socket:sendall(bytes) end
---Waits for data, and returns at most so many bytes of it: a stream has no messages, so what was sent by one call may come in
---several pieces. "" once the peer has closed its side.
---@param most integer
---@param options? { timeout?: duration }
---@return string? bytes
---@return string? reason "timed out", "reset by the peer" ...
function tcp_socket:recv(most, options) end
---@return string address
---@return integer port
function tcp_socket:peer() end
---Says to the peer that nothing more comes; reading goes on.
function tcp_socket:shutdown() end
---The system sends what is left and closes. Bytes that were not read make it a reset.
function tcp_socket:close() end

---@class listener
local listener = {}
---Waits for a connection.
---@param options? { timeout?: duration }
---@return tcp_socket? socket
---@return string? reason
function listener:accept(options) end
function listener:close() end

---@class udp_socket
local udp_socket = {}
---@param bytes string at most what a packet of the first link holds: there is no fragmentation
---@param to node|string
---@param port integer
---@return boolean? sent
---@return string? reason "message too long"
function udp_socket:sendto(bytes, to, port) end
---Waits for a datagram.
---@param options? { timeout?: duration }
---@return string? bytes
---@return string address or the reason, such as "timed out"
---@return integer? port
function udp_socket:recvfrom(options) end
function udp_socket:close() end

---What comes with a message. All but the first three are properties of 5.0, nil where it has none.
---@class message
---@field qos integer
---@field retain boolean
---@field dup boolean
---@field utf8? boolean
---@field expiry? integer seconds that are left
---@field content_type? string
---@field response_topic? string
---@field correlation? string
---@field identifiers? integer[] of the subscriptions that have brought it
---@field user? string[][] in their order

---Callbacks run at the instant of what they tell, also while the program sleeps; they must not wait themselves.
---@class client
---@field on_connect? fun(session_present: boolean) after every CONNACK: the place to subscribe
---@field on_disconnect? fun(expected: boolean)
---@field on_message? fun(topic: string, payload: string, message: message)
---@field on_publish? fun(message: integer) the handshake of a message of ours has ended
---@field on_subscribe? fun(codes: integer[]) granted QoS, or 128; with 5.0 reason codes
local client = {}
---Waits until the broker has accepted, or the first attempt has failed. In the background it goes on trying after a failure, and
---after every lost connection. A broker may be given by name, as "test.mosquitto.org" or with another port "name:8883"; a name is resolved
---for each attempt anew.
---@param broker node|string
---@return boolean? connected
---@return string? reason
function client:connect(broker) end
---Without a connection: QoS 0 is refused, QoS 1 and 2 wait for the next connection.
---@param topic string
---@param payload? string|number|boolean
---@param options? { qos?: 0|1|2, retain?: boolean, expiry?: duration, utf8?: boolean, content_type?: string, response_topic?: string, correlation?: string, user?: string[][] } what begins with expiry is 5.0's
---@return "sent"|"queued"|nil
---@return string? reason
function client:publish(topic, payload, options) end
---@param filter string may be a shared one, "$share/GROUP/FILTER"
---@param options? { qos?: 0|1|2, no_local?: boolean, retain_as_published?: boolean, retained?: "always"|"if new"|"never", identifier?: integer } all but qos are 5.0's
---@return boolean? sent
---@return string? reason
function client:subscribe(filter, options) end
---@param filter string
---@return boolean? sent
---@return string? reason
function client:unsubscribe(filter) end
---Sends DISCONNECT and does not come back by itself.
function client:disconnect() end
---@return boolean
function client:is_connected() end
---With loop = "manual": serves the client for so long; what has arrived is handed to the callbacks, pings are sent.
---@param length? duration
function client:loop(length) end
---Serves the client for ever.
function client:loop_forever() end
