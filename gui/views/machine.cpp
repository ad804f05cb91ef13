// Handshakes and sessions as state machines, drawn from the very tables that client and broker step through: the states in which
// the selected message stands at the shown instant, at its sender and its receiver, are lit with the transition that led
// there; or the state of the session that it belongs to.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gui/controls.hpp"
#include "gui/diagram.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/protocol/mqtt/qos.hpp"

namespace wirelab::gui {
namespace {

using mqtt::ReceiveState;
using mqtt::SendState;
using mqtt::SessionState;

// "MQTT-4.3.2-1" without the first word, which is everywhere the same.
std::string short_statement(std::string_view statement) { return std::string(statement.substr(5)); }

// Long names go on two lines.
std::string folded(std::string_view name) {
  std::string text(name);
  for (const std::string_view at : {" for ", ", "}) {
    const std::size_t cut = text.find(at);
    if (cut != std::string::npos) text[cut + at.size() - 1] = '\n';
  }
  return text;
}

class Machine {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::GetContentRegionAvail();
    if (size.x < 300 || size.y < 120) return;
    constexpr const char* words[] = {"Message", "Session"};
    ImGui::SetCursorScreenPos({origin.x + size.x - skin.px(196), origin.y + skin.px(6)});
    segments(skin, "machine", words, chosen_, 28);
    const Exchange* exchange = look.selected_exchange();
    if (chosen_ == 0) {
      message(look, exchange, origin, size);
    } else {
      session(look, exchange, origin, size);
    }
  }

 private:
  struct Found {
    int qos = 0;
    EntityId sender = 0, receiver = 0;
    std::uint32_t id = 0;
    SendState sending = SendState::none;
    bool complete = false;
    bool given_up = false;  // its session ended first
    bool received = false;  // the PUBLISH has come
    ReceiveState receiving = ReceiveState::none;
  };

  static void title(const Look& look, ImVec2 origin, std::string_view text, bool found) {
    const Skin& skin = look.skin;
    text_at(*ImGui::GetWindowDrawList(), skin.fonts.small_strong, origin.x + skin.px(16), origin.y + skin.px(18),
            skin(found ? Colour::text : Colour::text_third), text);
  }

  // Who holds the message: the client or session that sent the PUBLISH, and the one that gets it; their states at the instant
  // are state records.
  static std::optional<Found> find(const Look& look, const Exchange* exchange) {
    if (exchange == nullptr || (exchange->first_byte >> 4) != 3 || ((exchange->first_byte >> 1) & 3) == 0)
      return std::nullopt;
    Found found;
    found.qos = (exchange->first_byte >> 1) & 3;
    found.sender = exchange->from;
    const auto is_session = [&](EntityId entity) {
      const IndexedEntity* known = look.index.find(entity);
      return known != nullptr && known->kind == EntityKind::session;
    };
    const Field field = is_session(found.sender) ? Field::session_inflight : Field::client_inflight;
    found.id = packet_id_of(look, *exchange);
    if (found.id == 0) return std::nullopt;
    // The handshake ends with a PUBACK or PUBCOMP of that identifier that comes back. Afterwards the identifier may be used
    // again, so its state is no longer that of this message.
    const std::int64_t value = look.value(found.sender, field, found.id);
    const auto& all = look.index.exchanges();
    const std::uint8_t last_word = found.qos == 1 ? 4 : 7;
    constexpr std::size_t kMost = 3000;
    const std::size_t from = look.index.exchanges_before(exchange->sent_at);
    for (std::size_t i = from; i < std::min(all.size(), from + kMost) && all[i].sent_at <= look.at; ++i) {
      const Exchange& e = all[i];
      if ((e.first_byte >> 4) != last_word || e.to_node != exchange->from_node || e.from_node != exchange->to_node ||
          e.received == 0 || e.received_at > look.at || look.reader.record(e.received).entity != found.sender ||
          packet_id_of(look, e) != found.id)
        continue;
      found.complete = true;
      break;
    }
    if (!found.complete) found.sending = static_cast<SendState>(std::clamp<std::int64_t>(value, 0, 3));
    found.given_up = !found.complete && value == 0 && exchange->sent_at <= look.at;
    if (exchange->received != 0 && exchange->received_at <= look.at) {
      found.received = true;
      found.receiver = look.reader.record(exchange->received).entity;
      const Field waits = is_session(found.receiver) ? Field::session_received : Field::client_received;
      if (look.value(found.receiver, waits, found.id) != 0) found.receiving = ReceiveState::wait_pubrel;
    }
    return found;
  }

  void message(Look& look, const Exchange* exchange, ImVec2 origin, ImVec2 size) const {
    const std::optional<Found> found = find(look, exchange);
    title(look, origin,
          found ? fmt::format("{}, packet identifier {}{}", label_of(look, *exchange, true), found->id,
                              found->given_up ? ": forgotten with its session" : "")
                : "Select a PUBLISH of QoS 1 or 2: its handshake lights up here",
          found.has_value());
    const float upper = origin.y + size.y * 0.42f;
    const float lower = origin.y + size.y * 0.80f;
    if (found) {
      sender(look, origin.x, size.x, upper, found->qos, found);
      receiver(look, origin.x, size.x, lower, found->qos, found);
    } else {
      sender(look, origin.x, size.x, upper, 1, found);
      sender(look, origin.x, size.x, lower, 2, found);
    }
  }

  static void row_title(const Look& look, float x, float y, const std::string& text) {
    const Skin& skin = look.skin;
    text_at(*ImGui::GetWindowDrawList(), skin.fonts.small, x + skin.px(16), y - skin.px(36), skin(Colour::text_second),
            text);
  }

  static void sender(const Look& look, float left, float width, float y, int qos, const std::optional<Found>& found) {
    const Skin& skin = look.skin;
    row_title(look, left, y,
              found ? fmt::format("Sender: {}", look.name(found->sender)) : fmt::format("The sender of QoS {}", qos));
    std::vector<SendState> middle;
    for (const SendState state : {SendState::wait_puback, SendState::wait_pubrec, SendState::wait_pubcomp}) {
      if ((state == SendState::wait_puback) == (qos == 1)) middle.push_back(state);
    }
    const float first = left + skin.px(70);
    const float step = (width - skin.px(150)) / static_cast<float>(middle.size() + 1);
    std::vector<DiagramState> states{
        {"not sent", {first, y}, found && !found->complete && !found->given_up && found->sending == SendState::none}};
    for (const SendState state : middle)
      states.push_back({folded(mqtt::name_of(state)),
                        {first + step * static_cast<float>(states.size()), y},
                        found && !found->complete && found->sending == state});
    states.push_back({"complete", {first + step * static_cast<float>(states.size()), y}, found && found->complete});
    const auto place = [&](SendState state, bool end) {
      if (state == SendState::none) return end ? states.size() - 1 : std::size_t{0};
      return static_cast<std::size_t>(std::find(middle.begin(), middle.end(), state) - middle.begin()) + 1;
    };
    std::vector<DiagramArrow> arrows;
    for (const mqtt::SendRow& row : mqtt::kSendTable) {
      const bool begins = row.event == mqtt::SendEvent::publish_qos1 || row.event == mqtt::SendEvent::publish_qos2;
      const bool of_qos1 = row.event == mqtt::SendEvent::publish_qos1 || row.state == SendState::wait_puback;
      // A second PUBREC, and one for a message that is not known, change nothing here.
      const bool repeats = row.state == row.next && row.event != mqtt::SendEvent::reconnected;
      if (of_qos1 != (qos == 1) || repeats) continue;
      const bool loop = row.state == row.next;
      const std::size_t from = place(row.state, false);
      const std::size_t to = loop ? from : place(row.next, true);
      arrows.push_back({from, to,
                        begins ? "PUBLISH"
                        : loop ? row.action == mqtt::SendAction::resend_publish ? "reconnected: again, DUP"
                                                                                : "reconnected: PUBREL again"
                               : std::string(mqtt::name_of(row.event)),
                        loop ? "" : short_statement(row.statement), !loop && states[to].lit});
    }
    draw_diagram(*ImGui::GetWindowDrawList(), skin, states, arrows);
  }

  static void receiver(const Look& look, float left, float width, float y, int qos, const std::optional<Found>& found) {
    const Skin& skin = look.skin;
    row_title(look, left, y,
              found->receiver != 0 ? fmt::format("Receiver: {}", look.name(found->receiver))
                                   : std::string("Receiver: nothing yet"));
    const float first = left + skin.px(70);
    const float step = (width - skin.px(150)) / 2;
    const bool waits = found->receiving == ReceiveState::wait_pubrel;
    std::vector<DiagramState> states{{"not seen", {first, y}, !found->received}};
    if (qos == 2) states.push_back({"keeps the id,\nwaits for PUBREL", {first + step, y}, waits});
    states.push_back({qos == 1 ? "delivered" : "released",
                      {first + step * static_cast<float>(qos == 1 ? 2 : states.size()), y},
                      found->received && !waits});
    std::vector<DiagramArrow> arrows;
    for (const mqtt::ReceiveRow& row : mqtt::kReceiveTable) {
      const std::string does(mqtt::name_of(row.action));
      const bool waited = row.state == ReceiveState::wait_pubrel;
      if (qos == 1 && row.event == mqtt::ReceiveEvent::publish_qos1 && !waited)
        arrows.push_back({0, 1, "PUBLISH", does, states[1].lit});
      if (qos == 1) continue;
      if (row.event == mqtt::ReceiveEvent::publish_qos2 && !waited)
        arrows.push_back({0, 1, "PUBLISH", does, states[1].lit});
      if (row.event == mqtt::ReceiveEvent::publish_qos2 && waited)
        arrows.push_back({1, 1, fmt::format("PUBLISH again: {}", does), "", false});
      if (row.event == mqtt::ReceiveEvent::pubrel && waited) arrows.push_back({1, 2, "PUBREL", does, states[2].lit});
    }
    draw_diagram(*ImGui::GetWindowDrawList(), skin, states, arrows);
  }

  // The session at either end of the selected control packet, at the instant.
  void session(Look& look, const Exchange* exchange, ImVec2 origin, ImVec2 size) const {
    const Skin& skin = look.skin;
    EntityId session = 0;
    const auto consider = [&](EntityId entity) {
      const IndexedEntity* known = look.index.find(entity);
      if (known != nullptr && known->kind == EntityKind::session) session = entity;
    };
    if (exchange != nullptr) {
      consider(exchange->from);
      if (session == 0 && exchange->received != 0) consider(look.reader.record(exchange->received).entity);
    }
    std::optional<SessionState> now;
    if (session != 0) {
      const bool clean = look.value(session, Field::session_clean) != 0;
      const auto& values = look.state.values();
      const auto any = values.lower_bound({session, Field::none, 0});
      const bool exists = any != values.end() && any->first.entity == session;
      now = look.value(session, Field::session_connected) != 0
                ? clean ? SessionState::connected_clean : SessionState::connected_persistent
            : exists && !clean ? SessionState::stored
                               : SessionState::none;
    }
    title(look, origin,
          session != 0 ? fmt::format("The session {}", look.name(session))
                       : "Select a control packet: the session that it belongs to lights up here",
          session != 0);
    // In this order all but one of the transitions are between neighbours.
    constexpr SessionState all[] = {SessionState::connected_clean, SessionState::none,
                                    SessionState::connected_persistent, SessionState::stored};
    const float y = origin.y + size.y * 0.52f;
    const float first = origin.x + skin.px(72);
    const float step = (size.x - skin.px(144)) / 3;
    std::vector<DiagramState> states;
    for (const SessionState state : all)
      states.push_back({state == SessionState::none ? "no session" : folded(mqtt::name_of(state)),
                        {first + step * static_cast<float>(states.size()), y},
                        now == state});
    const auto place = [&](SessionState state) {
      return static_cast<std::size_t>(std::find(std::begin(all), std::end(all), state) - std::begin(all));
    };
    std::vector<DiagramArrow> arrows;
    for (const mqtt::SessionRow& row : mqtt::kSessionTable) {
      const std::size_t from = place(row.state);
      const std::size_t to = place(row.next);
      arrows.push_back({from, to, std::string(mqtt::name_of(row.input)),
                        fmt::format("{} {}", mqtt::name_of(row.action), short_statement(row.statement)), false,
                        from > to + 1 || to > from + 1});
    }
    draw_diagram(*ImGui::GetWindowDrawList(), skin, states, arrows);
  }

  int chosen_ = 0;
};

}  // namespace

View machine_view() {
  return {"machine", "Handshake", Place::bottom,
          [view = std::make_shared<Machine>()](Look& look) { view->draw(look); }};
}

}  // namespace wirelab::gui
