// The packet inspector: fields and bytes of the selected packet, linked both ways; the bits of MQTT's byte 0; and what the
// specification says of the chosen field.
#include <fmt/format.h>

#include <algorithm>

#include "gui/content.hpp"
#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/view/dissect.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab::gui {
namespace {

Colour colour_of(FieldLayer layer) {
  switch (layer) {
    case FieldLayer::ip: return Colour::text_third;
    case FieldLayer::transport: return Colour::info;
    case FieldLayer::mqtt_header: return Colour::qos2;
    case FieldLayer::mqtt_variable: return Colour::qos1;
    case FieldLayer::mqtt_payload: return Colour::ok;
    case FieldLayer::udp:
    case FieldLayer::icmp: return Colour::info;
    case FieldLayer::dns:
    case FieldLayer::dhcp: return Colour::ok;
    case FieldLayer::tls:
    case FieldLayer::http: return Colour::qos1;
    case FieldLayer::other: return Colour::text_second;
  }
  return Colour::text_second;
}

class Packet {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    ImGui::Indent(skin.px(14));
    const Exchange* exchange = look.selected_exchange();
    // One that TCP held back may have been sent since it was selected.
    if (look.selection.packet == 0 && exchange != nullptr)
      look.selection.packet = look.index.carrier(*exchange, look.at);
    const IndexedPacket* packet = look.selection.packet == 0 ? nullptr : look.index.packet(look.selection.packet);
    const auto bytes = packet == nullptr ? std::span<const std::uint8_t>() : look.reader.blob(look.selection.packet);
    if (bytes.empty()) {
      if (exchange != nullptr) {
        heading(skin, label_of(look, *exchange, true));
        explain(skin,
                "No packet has carried it yet at this instant: TCP holds it back, by Nagle's algorithm or since the "
                "window is full. Go on by a packet (p).");
        ImGui::Unindent(skin.px(14));
        return;
      }
      explain(skin,
              "Click a packet on the canvas, an arrow in the sequence or a line of the log: its fields and bytes "
              "appear here.");
      ImGui::Unindent(skin.px(14));
      return;
    }
    if (shown_ != look.selection.packet) {
      fields_ = fields_of(look, *packet, bytes);
      shown_ = look.selection.packet;
      chosen_ = first_of_mqtt();
    }
    head(look, *packet, bytes.size());
    ImGui::PushFont(skin.fonts.small);
    FieldLayer layer = FieldLayer::other;
    bool first = true;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (first || fields_[i].layer != layer) section(skin, fields_[i].layer);
      first = false;
      layer = fields_[i].layer;
      if (folded(layer)) continue;
      field(look, i);
    }
    ImGui::PopFont();
    ImGui::Dummy({1, skin.px(4)});
    hex(look, bytes);
    bits(look, bytes);
    if (chosen_ < fields_.size() && !fields_[chosen_].meaning.empty()) {
      ImGui::Dummy({1, skin.px(4)});
      heading(skin, fields_[chosen_].name);
      explain(skin, fields_[chosen_].meaning);
    }
    ImGui::Dummy({1, skin.px(12)});
    ImGui::Unindent(skin.px(14));
  }

  static Table table(Look& look) {
    Table table{{"layer", "field", "value", "first byte", "end"}, {}};
    const IndexedPacket* packet = look.selection.packet == 0 ? nullptr : look.index.packet(look.selection.packet);
    if (packet == nullptr) return table;
    for (const DissectedField& f : fields_of(look, *packet, look.reader.blob(look.selection.packet)))
      table.rows.push_back(
          {std::string(name_of(f.layer)), f.name, f.value, std::to_string(f.begin), std::to_string(f.end)});
    return table;
  }

 private:
  // A control packet that takes several packets is told whole, too.
  static void add_whole(const Look& look, const IndexedPacket& packet, std::vector<DissectedField>& fields) {
    const Exchange* exchange =
        packet.end > packet.begin ? look.index.exchange_at(packet.stream, packet.begin) : nullptr;
    if (exchange == nullptr || fields.empty() || (exchange->begin >= packet.begin && exchange->end <= packet.end))
      return;
    const auto whole = bytes_of(look, *exchange);
    const auto decoded_whole = decoded(whole, exchange->version);
    const auto* publish = decoded_whole ? std::get_if<mqtt::Publish>(&*decoded_whole) : nullptr;
    const std::uint32_t begin = fields.back().begin, end = fields.back().end;
    const auto add = [&](const char* name, std::string value) {
      fields.push_back({FieldLayer::mqtt_payload, name, std::move(value), begin, end,
                        "Put together from all packets that carried it: TCP is a stream (RFC 9293, 3.9)."});
    };
    add("Whole control packet", whole.empty() ? "not sent yet" : fmt::format("{} bytes", whole.size()));
    if (publish == nullptr) return;
    add("Its topic", std::string(publish->topic));
    add("Its payload", printable_text(publish->payload));
  }
  static std::vector<DissectedField> fields_of(const Look& look, const IndexedPacket& packet, wire::Bytes bytes) {
    if (!packet.is_hop) {
      auto fields = dissect(bytes, look.index.part_of(packet));
      add_whole(look, packet, fields);
      return fields;
    }
    return {{FieldLayer::other, "Message", printable_text(bytes), 0, static_cast<std::uint32_t>(bytes.size()),
             "What the program handed to the serial line or the radio: no IP and no TCP, only its own bytes."}};
  }
  std::size_t first_of_mqtt() const {
    const auto at =
        std::find_if(fields_.begin(), fields_.end(), [](const auto& f) { return f.layer == FieldLayer::mqtt_header; });
    return at == fields_.end() ? 0 : static_cast<std::size_t>(at - fields_.begin());
  }
  bool has_mqtt() const { return !fields_.empty() && fields_[first_of_mqtt()].layer == FieldLayer::mqtt_header; }
  // Where MQTT is there, the layers below it begin folded.
  bool folded(FieldLayer layer) const {
    if (layer == FieldLayer::ip) return has_mqtt() ? !open_ip_ : open_ip_;
    if (layer == FieldLayer::transport) return has_mqtt() ? !open_transport_ : open_transport_;
    return false;
  }

  void head(Look& look, const IndexedPacket& packet, std::size_t size) {
    const Skin& skin = look.skin;
    const Record& sent = look.reader.record(packet.sent);
    const Exchange* exchange =
        packet.end > packet.begin ? look.index.exchange_at(packet.stream, packet.begin) : nullptr;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
    const std::string title =
        exchange != nullptr ? label_of(look, *exchange, false) : packet_text(look, look.selection.packet, false);
    text_at(list, skin.fonts.heading, at.x, at.y + skin.px(14), skin(Colour::text),
            shortened(skin.fonts.heading, title, room * 0.62f));
    text_right(list, skin.fonts.small, at.x + room, at.y + skin.px(14), skin(Colour::text_third),
               fmt::format("{} bytes", size));
    ImGui::Dummy({1, skin.px(28)});
    explain(skin, fmt::format("sent by {} at {:.6f} s", look.name(sent.entity), static_cast<double>(sent.at) / 1e9));
    if (look.selection.exchange != 0) {
      if (text_button(skin, "Why late, lost, twice?", icon::timeline)) look.requests.push_back(ShowView{"journey"});
      tip(skin, "The journey of the message that it belongs to, cause by cause (j)");
      ImGui::Dummy({1, skin.px(4)});
    }
    // How much of it is whose.
    const ImVec2 bar = ImGui::GetCursorScreenPos();
    const auto x_of = [&](std::uint32_t byte) {
      return bar.x + room * static_cast<float>(byte) / static_cast<float>(std::max<std::size_t>(size, 1));
    };
    for (std::size_t i = 0; i < fields_.size();) {
      // Neighbours of one layer are one piece.
      std::size_t next = i + 1;
      while (next < fields_.size() && fields_[next].layer == fields_[i].layer &&
             fields_[next].begin <= fields_[next - 1].end)
        ++next;
      const float low = x_of(fields_[i].begin);
      const float high = std::max(x_of(fields_[next - 1].end) - skin.px(2), low + 1);
      list.AddRectFilled({low, bar.y}, {high, bar.y + skin.px(6)}, skin(colour_of(fields_[i].layer)), skin.px(3));
      i = next;
    }
    ImGui::Dummy({1, skin.px(10)});
  }

  void section(const Skin& skin, FieldLayer layer) {
    const std::string_view name = name_of(layer);
    if (layer == FieldLayer::mqtt_variable || layer == FieldLayer::mqtt_payload || layer == FieldLayer::other) return;
    const bool can_fold = layer == FieldLayer::ip || layer == FieldLayer::transport;
    ImGui::PushFont(skin.fonts.small_strong);
    if (can_fold) {
      const std::string label = fmt::format("{} {}##{}", folded(layer) ? "+" : "-", name, name);
      ImGui::PushStyleColor(ImGuiCol_Text, skin(Colour::text_second));
      if (ImGui::Selectable(label.c_str(), false, 0, {ImGui::GetContentRegionAvail().x - skin.px(14), 0})) {
        bool& open = layer == FieldLayer::ip ? open_ip_ : open_transport_;
        open = !open;
      }
      ImGui::PopStyleColor();
    } else {
      say(name);
    }
    ImGui::PopFont();
  }

  void field(Look& look, std::size_t i) {
    const Skin& skin = look.skin;
    const DissectedField& f = fields_[i];
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
    const float height = skin.px(25);
    ImGui::PushID(static_cast<int>(i));
    ImGui::InvisibleButton("field", {room, height});
    if (ImGui::IsItemClicked() || (ImGui::IsItemFocused() && ImGui::IsItemActivated())) {
      chosen_ = i;
      look.selection.byte_begin = f.begin;
      look.selection.byte_end = f.end;
    }
    const bool hovered = ImGui::IsItemHovered();
    ImGui::PopID();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const bool on = chosen_ == i;
    if (on || hovered)
      list.AddRectFilled({at.x - skin.px(6), at.y}, {at.x + room + skin.px(6), at.y + height},
                         on ? skin.theme->tint(Colour::accent) : skin(Colour::raised), skin.px(5));
    list.AddRectFilled({at.x, at.y + skin.px(6)}, {at.x + skin.px(3), at.y + height - skin.px(6)},
                       skin(colour_of(f.layer)), skin.px(1.5f));
    const float name_width = text_at(list, skin.fonts.small, at.x + skin.px(10), at.y + height * 0.5f,
                                     skin(on ? Colour::text : Colour::text_second), f.name);
    text_right(list, skin.fonts.mono_small, at.x + room, at.y + height * 0.5f, skin(Colour::text),
               shortened(skin.fonts.mono_small, f.value, room - name_width - skin.px(24)));
    if (hovered && measure(skin.fonts.mono_small, f.value).x > room - name_width - skin.px(24))
      tip(skin, f.value.c_str());
    ImGui::SetCursorScreenPos({at.x, at.y + height});
  }

  void hex(Look& look, std::span<const std::uint8_t> bytes) {
    const Skin& skin = look.skin;
    heading(skin, "Bytes", chosen_bytes());
    ImDrawList& list = *ImGui::GetWindowDrawList();
    ImFont* const mono = skin.fonts.mono_small;
    const float cell = measure(mono, "00").x + skin.px(6);
    const float letter = measure(mono, "0").x;
    const float row = skin.px(21);
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const float hex_x = origin.x + letter * 4 + skin.px(8);
    const float text_x = hex_x + 8 * cell + skin.px(6);
    const std::size_t rows = (bytes.size() + 7) / 8;
    const std::vector<std::size_t> field_at = innermost(bytes.size());
    const float tags_x = text_x + 8 * letter + skin.px(10);
    ImGui::InvisibleButton("bytes", {ImGui::GetContentRegionAvail().x - skin.px(14), static_cast<float>(rows) * row});
    const ImVec2 m = ImGui::GetIO().MousePos;
    if (ImGui::IsItemClicked()) {
      const auto line = static_cast<std::size_t>((m.y - origin.y) / row);
      const bool in_text = m.x >= text_x;
      const auto column = static_cast<std::ptrdiff_t>(in_text ? (m.x - text_x) / letter : (m.x - hex_x) / cell);
      const std::size_t at = line * 8 + static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(column, 0, 7));
      if (at < bytes.size() && field_at[at] < fields_.size()) chosen_ = field_at[at];
      if (chosen_ < fields_.size())
        look.selection.byte_begin = fields_[chosen_].begin, look.selection.byte_end = fields_[chosen_].end;
    }
    const float top = ImGui::GetWindowPos().y, bottom = top + ImGui::GetWindowHeight();
    const auto layer_of = [&](std::size_t at) {
      return field_at[at] < fields_.size() ? fields_[field_at[at]].layer : FieldLayer::other;
    };
    for (std::size_t line = 0; line < rows; ++line) {
      const float y = origin.y + (static_cast<float>(line) + 0.5f) * row;
      if (y < top - row || y > bottom + row) continue;
      text_at(list, mono, origin.x, y, skin(Colour::text_third), fmt::format("{:04x}", line * 8));
      for (std::size_t k = 0; k < 8 && line * 8 + k < bytes.size(); ++k) {
        const std::size_t at = line * 8 + k;
        const Colour colour = field_at[at] < fields_.size() ? colour_of(layer_of(at)) : Colour::text_third;
        const bool on = chosen_ < fields_.size() && fields_[chosen_].begin <= at && at < fields_[chosen_].end;
        const float x = hex_x + static_cast<float>(k) * cell;
        // Where another layer begins, a stroke before its first byte and its name at the line's end.
        if (const std::string_view name = name_of(layer_of(at)); at == 0 || name != name_of(layer_of(at - 1))) {
          const float stroke = x - skin.px(4);
          list.AddLine({stroke, y - row * 0.5f + 2}, {stroke, y + row * 0.5f - 2}, skin(colour), skin.px(2));
          text_at(list, skin.fonts.tiny, tags_x, y, skin(colour), name);
        }
        if (on)
          list.AddRectFilled({x - skin.px(3), y - row * 0.5f + 1}, {x + cell - skin.px(3), y + row * 0.5f - 1},
                             skin(Colour::accent_fill), skin.px(4));
        text_at(list, mono, x, y, on ? IM_COL32_WHITE : skin(colour), fmt::format("{:02x}", bytes[at]));
        const char c = bytes[at] >= 0x20 && bytes[at] < 0x7f ? static_cast<char>(bytes[at]) : '.';
        text_at(list, mono, text_x + static_cast<float>(k) * letter, y, skin(on ? Colour::accent : Colour::text_second),
                {&c, 1});
      }
    }
  }

  // Of each byte the last field that holds it, which is the innermost; past the last one where there is none.
  std::vector<std::size_t> innermost(std::size_t size) const {
    std::vector<std::size_t> of(size, fields_.size());
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      for (std::size_t at = fields_[i].begin; at < std::min<std::size_t>(fields_[i].end, size); ++at) of[at] = i;
    }
    return of;
  }

  void bits(Look& look, std::span<const std::uint8_t> bytes) {
    if (!has_mqtt()) return;
    const Skin& skin = look.skin;
    const std::uint8_t byte = bytes[fields_[first_of_mqtt()].begin];
    ImGui::Dummy({1, skin.px(2)});
    heading(skin, "Byte 0 of the control packet, as bits", fmt::format("{:#04x}", byte));
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
    const float gap = skin.px(4);
    const float width = (room - gap * 7) / 8;
    const bool publish = (byte >> 4) == 3;
    for (int i = 0; i < 8; ++i) {
      const bool set = (byte >> (7 - i) & 1) != 0;
      const Colour colour = i < 4      ? Colour::qos2
                            : !publish ? Colour::text_third
                            : i == 4   ? Colour::warning
                            : i < 7    ? Colour::qos1
                                       : Colour::info;
      const ImVec2 low{at.x + static_cast<float>(i) * (width + gap), at.y};
      list.AddRectFilled(low, {low.x + width, low.y + skin.px(28)}, skin(colour, set ? 0.28f : 0.08f), skin.px(5));
      text_centred(list, skin.fonts.mono_small, {low.x + width * 0.5f, low.y + skin.px(14)},
                   skin(set ? Colour::text : Colour::text_third), set ? "1" : "0");
    }
    const auto label = [&](int from, int count, const std::string& text) {
      const float middle =
          at.x + static_cast<float>(from) * (width + gap) + (static_cast<float>(count) * (width + gap) - gap) * 0.5f;
      text_centred(list, skin.fonts.small, {middle, at.y + skin.px(41)}, skin(Colour::text_second), text);
    };
    label(0, 4, fmt::format("type {}", byte >> 4));
    if (publish) {
      label(4, 1, "DUP");
      label(5, 2, "QoS");
      label(7, 1, "RET");
    } else {
      label(4, 4, "fixed flags");
    }
    ImGui::Dummy({1, skin.px(52)});
  }

  std::string chosen_bytes() const {
    if (chosen_ >= fields_.size()) return "";
    const DissectedField& f = fields_[chosen_];
    return f.end <= f.begin + 1 ? fmt::format("byte {}", f.begin) : fmt::format("{} to {}", f.begin, f.end - 1);
  }

  BlobNumber shown_ = 0;
  std::vector<DissectedField> fields_;
  std::size_t chosen_ = 0;
  bool open_ip_ = false, open_transport_ = false;  // turned round from how they begin
};

}  // namespace

View packet_view() {
  return {"packet", "Packet", Place::right, [view = std::make_shared<Packet>()](Look& look) { view->draw(look); },
          [](Look& look) { return made(Packet::table(look)); }};
}

}  // namespace wirelab::gui
