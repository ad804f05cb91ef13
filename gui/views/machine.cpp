// The handshake of a message as a state machine, drawn from the very tables that client and broker step through: the state in which
// the selected message stands at the shown instant is lit, with the transition that led there and its statement.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/protocol/mqtt/qos.hpp"

namespace wirelab::gui {
namespace {

using mqtt::SendState;

class Machine {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const ImVec2 size = ImGui::GetContentRegionAvail();
    if (size.x < 300 || size.y < 120) return;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const Exchange* exchange = look.selection.exchange == 0 ? nullptr : look.exchange(look.selection.exchange);
    find(look, exchange);
    const std::string title = found_ ? fmt::format("{}, packet identifier {}, as {} has it",
                                                   label_of(look, *exchange, true), id_, look.name(holder_))
                                     : "Select a PUBLISH of QoS 1 or 2 in the sequence: its handshake lights up here";
    text_at(list, skin.fonts.small_strong, origin.x + skin.px(16), origin.y + skin.px(16),
            skin(found_ ? Colour::text : Colour::text_third), title);
    // QoS 1 in the upper row, QoS 2 in the lower.
    const float left = origin.x + skin.px(96);
    const float step = (size.x - skin.px(192)) / 3;
    for (const int qos : {1, 2}) {
      const float y = origin.y + size.y * (qos == 1 ? 0.36f : 0.68f);
      const bool mine = found_ && qos == qos_;
      const auto x_of = [&](SendState state, bool end) {
        if (state == SendState::none) return end ? left + step * 3 : left;
        return state == SendState::wait_puback ? left + step * 1.5f
                                               : left + step * (state == SendState::wait_pubrec ? 1.0f : 2.0f);
      };
      for (const mqtt::SendRow& row : mqtt::kSendTable) {
        // Resending changes no state; it is told below.
        if (row.state == row.next || !belongs(row, qos)) continue;
        const bool lit = mine && (done_ ? row.next == SendState::none : row.next == state_);
        transition(look, list, {x_of(row.state, false), y}, {x_of(row.next, true), y}, row, lit);
      }
      state(look, list, {left, y}, "not sent", false);
      for (const SendState s : {SendState::wait_puback, SendState::wait_pubrec, SendState::wait_pubcomp}) {
        if ((s == SendState::wait_puback) == (qos == 1))
          state(look, list, {x_of(s, false), y}, mqtt::name_of(s), mine && !done_ && state_ == s);
      }
      state(look, list, {left + step * 3, y}, "complete", mine && done_);
    }
    const float foot = origin.y + size.y - skin.px(14);
    text_at(list, skin.fonts.small, origin.x + skin.px(16), foot, skin(Colour::text_third),
            "Nothing is sent again but after a reconnection [MQTT-4.4.0-1]: lost segments are the business of TCP.");
  }

 private:
  // Who holds the message: the client or session that sent the PUBLISH; its state at the instant is a state record.
  void find(const Look& look, const Exchange* exchange) {
    found_ = false;
    if (exchange == nullptr || (exchange->first_byte >> 4) != 3 || ((exchange->first_byte >> 1) & 3) == 0) return;
    qos_ = (exchange->first_byte >> 1) & 3;
    const IndexedEntity* entity = look.index.find(exchange->from);
    if (entity == nullptr) return;
    const Field field = entity->kind == EntityKind::session ? Field::session_inflight : Field::client_inflight;
    // The identifier: of the state record that came just before the PUBLISH was sent.
    for (RecordNumber n = exchange->sent;
         n-- > std::max<RecordNumber>(look.reader.first(), exchange->sent > 12 ? exchange->sent - 12 : 1);) {
      const Record& r = look.reader.record(n);
      if (r.kind != Kind::state || r.entity != exchange->from || static_cast<Field>(r.field) != field) continue;
      holder_ = exchange->from;
      id_ = r.key;
      const std::int64_t value = look.value(holder_, field, id_);
      state_ = static_cast<SendState>(std::clamp<std::int64_t>(value, 0, 3));
      found_ = true;
      done_ = value == 0 && exchange->sent_at <= look.at;
      return;
    }
  }

  static bool belongs(const mqtt::SendRow& row, int qos) {
    if (row.event == mqtt::SendEvent::publish_qos1 || row.state == SendState::wait_puback) return qos == 1;
    return qos == 2;
  }

  void state(const Look& look, ImDrawList& list, ImVec2 at, std::string_view word, bool lit) const {
    const Skin& skin = look.skin;
    const float half = measure(skin.fonts.small_strong, word).x * 0.5f + skin.px(14);
    const float tall = skin.px(17);
    const ImVec2 low{at.x - half, at.y - tall};
    const ImVec2 high{at.x + half, at.y + tall};
    list.AddRectFilled(low, high, skin(Colour::panel), tall);
    list.AddRectFilled(low, high, lit ? skin(Colour::accent_fill) : skin(Colour::raised), tall);
    list.AddRect(low, high, skin(lit ? Colour::accent : Colour::line_strong), tall, 0, skin.px(lit ? 2.4f : 1.3f));
    text_centred(list, skin.fonts.small_strong, at, lit ? IM_COL32_WHITE : skin(Colour::text), word);
  }

  void transition(const Look& look, ImDrawList& list, ImVec2 from, ImVec2 to, const mqtt::SendRow& row,
                  bool lit) const {
    const Skin& skin = look.skin;
    const float margin = skin.px(84);
    const ImVec2 a{from.x + margin * (row.state == SendState::none ? 0.6f : 1.0f), from.y};
    const ImVec2 b{to.x - margin * (row.next == SendState::none ? 0.7f : 1.0f), to.y};
    arrow(list, a, b, skin(lit ? Colour::accent : Colour::line_strong), skin.px(lit ? 2.6f : 1.5f), skin.px(10));
    const float middle = (a.x + b.x) * 0.5f;
    const bool publish = row.event == mqtt::SendEvent::publish_qos1 || row.event == mqtt::SendEvent::publish_qos2;
    pill(list, skin, skin.fonts.mono_small, {middle, from.y - skin.px(17)}, lit ? Colour::accent : Colour::text_third,
         publish ? "PUBLISH" : mqtt::name_of(row.event));
    text_centred(list, skin.fonts.mono_small, {middle, from.y + skin.px(15)}, skin(Colour::text_third),
                 row.statement.substr(5));
  }

  bool found_ = false;
  bool done_ = false;
  int qos_ = 0;
  EntityId holder_ = 0;
  std::uint32_t id_ = 0;
  SendState state_ = SendState::none;
};

}  // namespace

View machine_view() {
  return {"machine", "Handshake", Place::bottom,
          [view = std::make_shared<Machine>()](Look& look) { view->draw(look); }};
}

}  // namespace wirelab::gui
